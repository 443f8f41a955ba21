"""What in a Keras configuration makes loading it run code or read other files. Nothing is imported or unpickled.

Keras resolves a class by the module and name that a file says, calls functions by name, and rebuilds lambdas from
marshalled bytecode. Known ways: Lambda layers and `__lambda__` (CVE-2024-3660, CVE-2025-1550), functions of Keras
itself that fetch files (CVE-2025-8747), layers that read a path (CVE-2025-12058), pickled Torch modules.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from registry.inspect.findings import Findings
from registry.inspect.keras.config import MODELS, node_operation, printable

_OURS = re.compile(
    r"^(keras|tf_keras|tensorflow\.keras|tensorflow\.python\.keras|keras_hub|keras_cv|keras_nlp)(\.|$)"
)
_PARTS = frozenset(
    {
        *("layers", "models", "activations", "initializers", "regularizers", "constraints", "losses", "metrics"),
        *(
            "optimizers",
            "dtype_policies",
            "mixed_precision",
            "ops",
            "random",
            "engine",
            "quantizers",
            "applications",
        ),
        *("legacy", "saving", "backend", "distribution", "src", "api", "_tf_keras", "keras", "python", "testing"),
        *("premade_models", "preprocessing", "feature_column", "distribute"),
    }
)
"""Packages of Keras that classes of a model come from."""

_OPTIMIZERS = frozenset(
    {
        *("Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "Muon", "Nadam"),
        *("RMSprop", "SGD", "LossScaleOptimizer"),
    }
)
"""Keras 2.11 registers its own optimizers as everybody's custom objects are."""

_BUILT_IN = frozenset({"builtins", ""})
_PLAIN = frozenset(
    {
        "__tensor__",
        "__numpy__",
        "__bytes__",
        "__ellipsis__",
        "__slice__",
        "__keras_tensor__",
        "__complex__",
        "__tuple__",
    }
)
_READS = {
    **dict.fromkeys(("StringLookup", "IntegerLookup", "TextVectorization", "IndexLookup"), ("vocabulary",)),
    "TFSMLayer": ("filepath",),
}
"""Layers that open a file that their configuration names, by option."""

_RUNS = {"TorchModuleWrapper": "a pickled Torch module", "JaxLayer": "a function", "FlaxLayer": "a module"}
_FUNCTIONS = re.compile(
    r"(^|\.)(py_function|numpy_function|py_func|eager_py_func|PyFunc|EagerPyFunc|PyFuncStateless|read_file|ReadFile|"
    r"write_file|WriteFile|matching_files|MatchingFiles|get_file|load_op_library|load_library|print|Print)$"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]{24,}\Z")
_MOST = 1 << 20
_LONGEST_PLACE = 512
_TRAINING = frozenset({"compile_config", "training_config"})


def examine(config: Any, where: str, findings: Findings, *, training: bool = False) -> None:
    """Look at every object of a configuration; its depth is bounded by who parsed it.

    Args:
        config: Configuration.
        where: What to call places outside of any layer.
        findings: Where dangers are kept.
        training: Whether it is needed for training only.
    """
    _Look(where, findings).into(config, "", trained=training)


@dataclass(frozen=True)
class _Look:
    """A look at a configuration, which goes down into everything in it."""

    outermost: str
    findings: Findings

    def into(self, value: Any, place: str, *, trained: bool, root: bool = True) -> None:
        if isinstance(value, str):
            _text(value, place or self.outermost, self.findings)
        elif isinstance(value, list):
            for child in value:
                self.into(child, place, trained=trained, root=False)
        elif isinstance(value, dict):
            here = place if root else _place(value, place)
            for severity, rule, message in _judged(value):
                mild = trained and rule in ("keras-custom", "keras-function")
                self.findings.add("note" if mild else severity, rule, here or self.outermost, message)
            for key, child in value.items():
                self.into(child, here, trained=trained or key in _TRAINING, root=False)


def _place(value: dict[str, Any], place: str) -> str:
    """Name of the layer that an object is, behind those that it stands in."""
    config = value.get("config")
    if not isinstance(value.get("class_name"), str) or not isinstance(config, dict):
        return place
    name = value.get("name") or config.get("name")
    if not isinstance(name, str):
        return place
    # a policy or an activation of a layer has a name as well, but no calls, and no layer's settings
    is_layer = "inbound_nodes" in value or "trainable" in config or "build_config" in value
    if not is_layer and value["class_name"] not in (*MODELS, "Lambda"):
        return place
    return f"{place}/{printable(name)}".lstrip("/")[-_LONGEST_PLACE:]


def _judged(value: dict[str, Any]) -> Iterator[tuple[Any, str, str]]:
    """What is wrong with one object, without what it holds."""
    class_name = value.get("class_name")
    if not isinstance(class_name, str):
        return
    config = value.get("config")
    config = config if isinstance(config, dict) else {}
    shown = printable(class_name)
    if class_name == "Lambda":
        yield "danger", "keras-lambda", f"a Lambda layer that runs {_source(config)}"
    elif class_name == "__lambda__":
        yield "danger", "keras-lambda", "a function as marshalled bytecode"
    elif class_name == "function":
        yield from _function(value)
    elif class_name in _RUNS:
        yield "danger", "keras-payload", f"{shown} runs {_RUNS[class_name]}"
    elif class_name not in _PLAIN:
        yield from _class(value, shown)
    for option in _READS.get(class_name, ()):
        if isinstance(config.get(option), str) and config[option]:
            yield "danger", "keras-reads-file", f"{shown} reads the file {printable(config[option])[:200]!r}"
    yield from _operation(config)


def _source(config: dict[str, Any]) -> str:
    """What a Lambda layer runs."""
    function = config.get("function")
    if isinstance(function, list) or (isinstance(function, dict) and function.get("class_name") == "__lambda__"):
        return "marshalled bytecode of the file"
    if isinstance(function, dict):
        function = function.get("config")
    module = config.get("module")
    return f"the function {printable(function)!r} of module {printable(module)!r}"[:300]


def _function(value: dict[str, Any]) -> Iterator[tuple[Any, str, str]]:
    module, name = value.get("module"), value.get("config")
    if not (isinstance(module, str) and _is_model_part(module)):
        shown = f"{printable(name)!r} of module {printable(module)!r}"
        yield "danger", "keras-function", f"loading looks up the function {shown}"


def _class(value: dict[str, Any], shown: str) -> Iterator[tuple[Any, str, str]]:
    """Classes from elsewhere than the parts of Keras that a model is made of."""
    module, registered = value.get("module"), value.get("registered_name")
    package = shown.rpartition(">")[0]
    if isinstance(registered, str) and ">" in registered:
        package = printable(registered).rpartition(">")[0]
    if isinstance(module, str) and module not in _BUILT_IN and not _is_model_part(module):
        if _OURS.match(module):
            message = f"loading looks up {shown!r} in {printable(module)!r}, which holds no parts of models"
        else:
            message = f"loading imports module {printable(module)!r} for class {shown!r}"
        yield "danger", "keras-custom", message
    elif package and not (package == "Custom" and shown.rpartition(">")[2] in _OPTIMIZERS):
        yield "danger", "keras-custom", f"class {shown!r} was registered by package {package!r}: code of its own"
    if shown == "get_file":
        yield "danger", "keras-function", "loading would fetch a file"


def _is_model_part(module: str) -> bool:
    """Whether a module is one of Keras's that classes of models come from."""
    if not _OURS.match(module):
        return False
    parts = module.removeprefix("tensorflow.").split(".")[1:]
    parts = parts[1:] if parts[:1] == ["src"] else parts
    return not parts or parts[0] in _PARTS or parts[0].startswith(("keras_", "src"))


def _operation(config: dict[str, Any]) -> Iterator[tuple[Any, str, str]]:
    """Functions that run Python or touch files, called without a layer."""
    for key in ("function", "symbol"):
        name = config.get(key)
        if isinstance(name, str) and _FUNCTIONS.search(name[:512]):
            yield "danger", "keras-function", f"it calls {printable(name)[:200]!r}"
    if _FUNCTIONS.search(found := node_operation(config)):
        yield "danger", "keras-function", f"it calls {found!r}"


def _text(text: str, where: str, findings: Findings) -> None:
    """Pickles and marshalled code that a text may hold as base64."""
    if len(text) < 24 or not _BASE64.match(text[:_MOST]):
        return
    start = re.sub(r"\s", "", text[:96])[:32]
    try:
        head = base64.b64decode(start, validate=True)
    except binascii.Error:
        return
    if head[:1] == b"\x80" and head[1] in range(2, 6) and head[2] in b"\x95c(}]X\x8c":
        findings.add("danger", "keras-pickle", where, "a text that unpacks to pickled objects, which run code")
    elif head[:1] in (b"\xe3", b"c") and head[1:4] in (b"\0\0\0", b"\1\0\0", b"\2\0\0", b"\3\0\0"):
        findings.add("danger", "keras-marshal", where, "a text that unpacks to marshalled bytecode")
