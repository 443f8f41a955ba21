"""From a configuration of ST's to a pipeline: mapped, told as having no effect, or refused by name. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.document import Document
from registry.errors import RequestError
from registry.problem import Problem
from registry.vendors.st import keys
from registry.vendors.st.config import Config, Note, Path
from registry.vendors.st.data import Part, card_of, part_of
from registry.vendors.st.made import Made
from registry.vendors.st.network import MODEL_TYPES
from registry.vendors.st.quantization import put_preprocessing, put_quantization
from registry.vendors.st.training import put_training

PROTOCOL = "st-present-classes"
_BOARDS = {
    "STM32N6570-DK": "stm32n6",
    "STM32MP257F-EV1": "stm32mp2",
    "STM32MP257F-DK2": "stm32mp2",
    "STM32MP257F-DK": "stm32mp2",
    "STM32MP157F-DK2": "stm32mp1",
    "STM32MP135F-DK": "stm32mp1",
    "STM32H747I-DISCO": "stm32h7",
    "STM32H7B3I-DK": "stm32h7",
    "STM32H735G-DK": "stm32h7",
    "NUCLEO-H743ZI2": "stm32h7",
    "B-U585I-IOT02A": "stm32u5",
    "STM32L4R9I-DISCO": "stm32l4",
}


@dataclass(frozen=True)
class Mapped:
    """What a configuration becomes.

    Attributes:
        document: A pipeline; its places are those of the configuration.
        notes: Keys that are not part of it as they stand.
        parts: Images whose folders of masks must be those that are used.
    """

    document: Document
    notes: tuple[Note, ...]
    parts: tuple[Part, ...]


def mapped(document: Document, known: Mapping[str, Sequence[str]]) -> Mapped:
    """Map a configuration.

    Args:
        document: As it was read.
        known: Class names by dataset card.

    Raises:
        RequestError: It asks for what is not done here; the message names every such key with its place.
    """
    config = Config(document)
    if not isinstance(document.value, dict):
        raise refused([document.problem((), "type", "is no configuration of ST's", expected="a mapping")])
    mode = config.word("operation_mode")
    chain = keys.CHAINS.get(mode or "", ())
    if not chain:
        expected = "one of " + ", ".join(keys.CHAINS)
        config.refuse(("operation_mode",), "operation-mode", "is no operation mode", expected, mode or "nothing")
    work = _Mapping(config, chain, str(mode))
    work.map(known)
    masked = ("training", "validation", "test") if {"train", "evaluate"} & set(chain) else ()
    config.settle(chain, str(mode))
    if config.problems:
        raise refused(config.problems)
    notes = sorted(config.notes, key=lambda note: (note.line, note.key))
    return Mapped(work.made.document(), tuple(notes), tuple(work.parts[one] for one in masked if one in work.parts))


def refused(problems: Sequence[Problem]) -> RequestError:
    """The error of a configuration that is not taken."""
    ordered = sorted(problems, key=lambda problem: (problem.line, problem.column, problem.pointer))
    return RequestError(
        "\n".join(["not taken over from ST:", *map(str, ordered)]),
        hint="change what is named, or write a pipeline of this project's own (docs/run.md)",
    )


class _Mapping:
    """One configuration on its way."""

    def __init__(self, config: Config, chain: Sequence[str], mode: str) -> None:
        self._config, self._chain, self._mode = config, chain, mode
        self.made = Made(config)
        self.parts: dict[str, Part] = {}

    def map(self, known: Mapping[str, Sequence[str]]) -> None:
        """Map everything that the chain needs."""
        config, made, chain = self._config, self.made, self._chain
        project = config.word("general", "project_name") or "st"
        made.put("schema", "pipeline/1", ())
        made.put("name", _slug(project), ("general", "project_name"))
        made.put("chain", list(chain), ("operation_mode",))
        self._check_type()
        parent = self._model_path()
        if parent is not None and "train" not in chain:
            made.put("model.name", parent[1], parent[0])
        elif parent is None and chain and "train" not in chain and not config.problems:
            key: Path = ("model" if config.has("model") else "general", "model_path")
            config.refuse(key, "required", "is missing", "path of the model")
        dataset = card_of(config, known)
        if "train" in chain:
            parts = self._part("training"), self._part("validation")
            put_training(config, made, parts, dataset, parent)
        if "quantize" in chain:
            part = self._part("quantization") or self._part("training")
            put_quantization(config, made, part, self._mode)
        if "evaluate" in chain:
            self._put_evaluation(dataset[0] if dataset else None)
        if "predict" in chain:
            self._put_prediction()
        self._put_boards()
        self._put_preprocessing()

    def _part(self, purpose: str) -> Part | None:
        """Images of a purpose, found once."""
        if purpose not in self.parts and (found := part_of(self._config, purpose)):
            self.parts[purpose] = found
        return self.parts.get(purpose)

    def _check_type(self) -> None:
        for section in ("general", "model"):
            if stated := self._config.word(section, "model_type", one_of=MODEL_TYPES):
                self._config.note((section, "model_type"), f"{stated}: the one kind of network that there is")
        self._config.only("model", "framework", accepted=("tf",), why="there is one framework")

    def _model_path(self) -> tuple[Path, str] | None:
        found: tuple[Path, str] | None = None
        for key in (("general", "model_path"), ("model", "model_path")):
            value = self._config.word(*key)
            if value is None:
                continue
            if "://" in value:
                self._config.refuse(key, "unsupported", "is an address", "the path of a file, or a variant", value)
            elif found is not None:
                self._config.refuse(key, "model", "is a second model", "one of the two", value)
            else:
                found = (key, value)
        return found

    def _put_evaluation(self, dataset: str | None) -> None:
        config, made = self._config, self.made
        part = self._part("test") or self._part("validation")
        if part is None and not any(config.has("dataset", f"{one}_path") for one in ("test", "validation")):
            config.refuse(("dataset", "validation_path"), "required", "is missing", "images to measure on")
        if part is not None:
            made.put("evaluation.data", part.folder, part.key)
            made.put("evaluation.split", part.split, part.key)
        made.put("evaluation.dataset", dataset, ("dataset", "name"))
        made.put("evaluation.protocol", PROTOCOL, ("operation_mode",))
        threads = ("general", "num_threads_tflite")
        made.put("evaluation.threads", config.whole(*threads), threads)
        self._on_host("evaluation")
        for key in ("gen_npy_input", "gen_npy_output"):
            config.only("evaluation", key, accepted=(False,), why="no arrays are written")

    def _put_prediction(self) -> None:
        config = self._config
        keys_ = (("dataset", "prediction_path"), ("prediction", "test_files_path"))
        stated = [(key, config.word(*key)) for key in keys_ if config.has(*key)]
        if len(stated) != 1:
            config.refuse(keys_[0], "required", "names no pictures", "this key alone", len(stated))
            return
        self.made.put("prediction.images", stated[0][1], stated[0][0])
        threads = ("general", "num_threads_tflite")
        self.made.put("prediction.threads", config.whole(*threads), threads)
        self._on_host("prediction")

    def _on_host(self, section: str) -> None:
        config = self._config
        config.only(section, "target", accepted=("host",), why="models are run on this host")
        for key in ("profile", "input_type", "output_type", "input_chpos", "output_chpos"):
            if config.any(section, key) is not None:
                config.note((section, key), "is of models on a board alone")

    def _put_boards(self) -> None:
        config, made = self._config, self.made
        if "benchmark" in self._chain:
            made.put("benchmark.target", self._board("benchmarking", "board"), ("benchmarking", "board"))
            self._put_tool()
        if "deploy" in self._chain:
            at = ("deployment", "hardware_setup")
            made.put("deployment.target", self._board(*at, "board"), (*at, "board"))
            made.put("deployment.address", config.word(*at, "ip_address"), (*at, "ip_address"))
            serie = config.word(*at, "serie")
            if serie and serie.lower() != made.plain.get("deployment", {}).get("target"):
                config.refuse((*at, "serie"), "board", "is not that of the board", "the board's", serie)
            self._check_deploy_tool()

    def _put_tool(self) -> None:
        tools = [tool for tool in ("stedgeai", "stm32ai") if self._config.has("tools", tool)]
        for tool in tools[:1]:
            at = ("tools", tool)
            choices = ("balanced", "time", "ram")
            optimization = self._config.word(*at, "optimization", one_of=choices)
            self.made.put("benchmark.optimization", optimization, (*at, "optimization"))
            self.made.put("benchmark.cloud", self._config.flag(*at, "on_cloud"), (*at, "on_cloud"))
            version = self._config.any(*at, "version")
            self.made.put("benchmark.tool_version", None if version is None else str(version), (*at, "version"))

    def _check_deploy_tool(self) -> None:
        for tool in ("stedgeai", "stm32ai"):
            for key in ("version", "optimization", "on_cloud"):
                if "benchmark" not in self._chain and self._config.any("tools", tool, key) is not None:
                    self._config.note(("tools", tool, key), "the target's card says how code is made for it")

    def _board(self, *key: str) -> str | None:
        stated = self._config.word(*key)
        if stated not in _BOARDS:
            expected = "one of " + ", ".join(_BOARDS)
            self._config.refuse(key, "board", "is no board that has a target's card", expected, stated or "nothing")
        return _BOARDS.get(stated or "")

    def _put_preprocessing(self) -> None:
        sections = {"quantize": "quantization", "evaluate": "evaluation", "predict": "prediction"}
        used = tuple(section for kind, section in sections.items() if kind in self._chain)
        train = "train" in self._chain
        if train or used:
            put_preprocessing(self._config, self.made, used, train=train)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")[:64].strip("-.") or "st"
