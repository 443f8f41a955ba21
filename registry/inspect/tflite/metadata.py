"""What a TFLite file says about itself: description, signatures, TFLITE_METADATA, converter, attachments.

The facts are those of `metadata_schema.fbs` 1.1.0 (https://github.com/tensorflow/tflite-support) and
`conversion_metadata.fbs` (https://github.com/tensorflow/tensorflow, in compiler/mlir/lite/schema).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from registry.inspect.bounds import MAX_METADATA_BYTES, MalformedError
from registry.inspect.findings import Findings
from registry.inspect.tflite.archive import attachments
from registry.inspect.tflite.flatbuffer import BOOL, FLOAT32, INT8, INT32, UINT8, UINT32, FlatBuffer, Table
from registry.inspect.tflite.tensors import Buffers

MOST_ENTRIES = 256
_COLOURS = ("", "RGB", "grayscale")
_CONTENTS = ("", "feature", "image", "bounding box")
_FILES = ("", "descriptions", "axis labels", "value labels", "score calibration", "vocabulary")
_SOURCES = (
    *("", "TensorFlow SavedModel", "Keras model", "TensorFlow concrete functions", "TensorFlow GraphDef"),
    *("TensorFlow session", "JAX", "PyTorch"),
)
_MODES = {
    1001: "PTQ_FLOAT16",
    1002: "PTQ_DYNAMIC_RANGE",
    1003: "PTQ_FULL_INTEGER",
    1004: "PTQ_INT16",
    2000: "QUANTIZATION_AWARE_TRAINING",
    3001: "RANDOM_SPARSITY",
    3002: "BLOCK_SPARSITY",
    3003: "STRUCTURED_SPARSITY",
}

Pairs = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class Said:
    """What a file says about itself (see `graph.Graph`)."""

    producer: str
    texts: Mapping[str, str]
    attachments: Mapping[str, bytes]


def describe(model: Table, buffers: Buffers, findings: Findings) -> Said:
    """Everything that a model file says about itself, within bounds.

    Raises:
        MalformedError: The list of metadata or of signatures is broken. What is broken behind it is a finding.
    """
    description = model.string(3)
    texts = dict(_pairs(model, buffers, findings))
    said = {"model_description": description, **texts} if description else texts
    tensorflow = texts.get("tensorflow_version", "")
    producer = " ".join(part for part in (f"TensorFlow {tensorflow}" if tensorflow else "", description) if part)
    attached = attachments(buffers.buffer.data, findings)
    return Said(producer, _bounded(said, findings), attached)


def _bounded(texts: Mapping[str, str], findings: Findings) -> dict[str, str]:
    """Texts that have something in them, up to `MAX_METADATA_BYTES`."""
    kept: dict[str, str] = {}
    left = MAX_METADATA_BYTES
    for name, text in texts.items():
        left -= len(name) + len(text)
        if left < 0:
            findings.add("note", "tflite-metadata-size", name, "the metadata is cut here: it is longer than 1 MiB")
            break
        if text:
            kept[name] = text
    return kept


def _pairs(model: Table, buffers: Buffers, findings: Findings) -> Pairs:
    """Names and texts of signatures and metadata."""
    for number, signature in enumerate(model.tables(7, MOST_ENTRIES)):
        key = signature.string(2) or str(number)
        for name, field in (("inputs", 0), ("outputs", 1)):
            maps = signature.tables(field, 4096)
            tensors = (f"{entry.string(0)}={entry.integer(1, UINT32)}" for entry in maps)
            yield f"signature.{key}.{name}", ", ".join(tensors)
    seen: set[str] = set()
    for entry in model.tables(6, MOST_ENTRIES):
        name, place = entry.string(0), buffers.place(entry.integer(1, UINT32))
        if name in seen:
            findings.add("note", "tflite-metadata", name, "metadata of this name stands twice; the first counts")
            continue
        seen.add(name)
        yield from _entry(name, buffers.buffer, place, findings)


def _entry(name: str, buffer: FlatBuffer, place: tuple[int, int], findings: Findings) -> Pairs:
    """One entry of the model's list of metadata."""
    start, size = place
    if name == "min_runtime_version":
        yield name, bytes(buffer.data[start : start + min(size, 64)]).rstrip(b"\0").decode("utf-8", "replace")
    elif name == "TFLITE_METADATA":
        yield from _inner(
            name, FlatBuffer(buffer.data, buffer.name, start, start + size), _model, b"M001", findings
        )
    elif name == "CONVERSION_METADATA":
        yield from _inner(
            name, FlatBuffer(buffer.data, buffer.name, start, start + size), _conversion, None, findings
        )
    elif name:
        yield f"other.{name}", f"{size} bytes"


def _inner(
    name: str,
    buffer: FlatBuffer,
    read: Callable[[Table], Pairs],
    identifier: bytes | None,
    findings: Findings,
) -> Pairs:
    """What a flatbuffer inside of the file says. The model runs without it, so that a broken one is a finding."""
    try:
        yield from list(read(buffer.root(identifier)))
    except MalformedError as error:
        findings.add("danger", "tflite-metadata", name, f"{error.where}: it is broken: {error.message}")


def _model(root: Table) -> Pairs:
    """Texts of a `ModelMetadata`."""
    fields = {"name": 0, "description": 1, "version": 2, "author": 4, "license": 5, "min_parser_version": 7}
    yield from ((name, root.string(field)) for name, field in fields.items())
    yield "files", _files(root, 6)
    subgraph = next(root.tables(3, 4096), None)
    if subgraph is None:
        return
    yield "graph.name", subgraph.string(0)
    yield "graph.description", subgraph.string(1)
    yield "graph.files", _files(subgraph, 4)
    for side, field in (("input", 2), ("output", 3)):
        for number, tensor in enumerate(subgraph.tables(field, 1024)):
            yield from ((f"{side}.{number}.{name}", text) for name, text in _tensor(tensor))


def _tensor(table: Table) -> Pairs:
    """Texts of a `TensorMetadata`."""
    yield "name", table.string(0)
    yield "description", table.string(1)
    yield "dimensions", ", ".join(table.strings(2, 64))
    content = table.table(3)
    if content:
        yield "content", _content(content)
    for unit in table.tables(4, 64):
        yield from _process(unit)
    stats = table.table(5)
    if stats:
        yield "maximum", _reals(stats, 0)
        yield "minimum", _reals(stats, 1)
    yield "files", _files(table, 6)


def _content(content: Table) -> str:
    kind = content.integer(0, UINT8)
    word = _CONTENTS[kind] if kind < len(_CONTENTS) else f"kind {kind}"
    properties = content.table(1) if word == "image" else None
    colour = properties.integer(0, INT8) if properties else 0
    return f"{_COLOURS[colour]} {word}".strip() if 0 <= colour < len(_COLOURS) else word


def _process(unit: Table) -> Pairs:
    """What is done to a tensor outside of the graph: (x - mean) / std, thresholds, tokens."""
    kind, options = unit.integer(0, UINT8), unit.table(1)
    if options is None:
        return
    if kind == 1:
        yield "mean", _reals(options, 0)
        yield "std", _reals(options, 1)
    elif kind == 2:
        words = ("identity", "log", "inverse logistic")
        word = options.integer(0, INT8)
        yield "score_transformation", words[word] if 0 <= word < len(words) else str(word)
        yield "default_score", f"{options.real(1):g}"
    elif kind == 3:
        yield "score_threshold", f"{options.real(0):g}"
    elif kind in (4, 5):
        yield "tokenizer", "BERT" if kind == 4 else "SentencePiece"
        yield (
            "tokenizer_files",
            ", ".join(filter(None, (_files(options, 0), _files(options, 1) if kind == 5 else ""))),
        )


def _reals(table: Table, field: int) -> str:
    return ", ".join(f"{value:.9g}" for value in table.vector(field, FLOAT32, 4096))


def _files(table: Table, field: int) -> str:
    """Names of associated files with what they hold and their language."""
    return ", ".join(_file(entry) for entry in table.tables(field, 64))


def _file(entry: Table) -> str:
    kind = entry.integer(2, INT8)
    words = (_FILES[kind] if 0 <= kind < len(_FILES) else f"kind {kind}", entry.string(3), entry.string(1))
    more = ", ".join(filter(None, words))
    return f"{entry.string(0)} ({more})" if more else entry.string(0)


def _conversion(root: Table) -> Pairs:
    """Texts of a `ConversionMetadata`: the environment and the options of the converter."""
    environment, options = root.table(0), root.table(1)
    if environment:
        source = environment.integer(2, INT32)
        yield "tensorflow_version", environment.string(0)
        yield "converter_api", str(environment.integer(1, UINT32))
        yield "source", _SOURCES[source] if 0 <= source < len(_SOURCES) else f"kind {source}"
    if options:
        modes = options.integers(0, INT32, 64)
        yield "optimizations", ", ".join(_MODES.get(mode, str(mode)) for mode in modes)
        names = ("allow_custom_ops", "enable_select_tf_ops", "force_select_tf_ops")
        yield from ((name, "yes" if options.integer(field, BOOL) else "no") for field, name in enumerate(names, 1))
