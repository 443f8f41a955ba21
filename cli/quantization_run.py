"""A run of `zoo quantize`: from words on the command line to a model, a configuration and its tools."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.data_folder import dataset_of
from cli.model_file import graph_of, located, settings_of, variant_of
from cli.step_tracking import step_tracking
from registry.errors import RequestError

if TYPE_CHECKING:
    from registry.dataset import Dataset
    from registry.digest import Digest
    from registry.evaluation import Outcome, Subject
    from registry.quantization.configuration import Measured, Quantization
    from registry.quantization.run import Candidate
    from registry.quantize import Quantized


class QuantizationRun:
    """What a run needs, found by the words of the command.

    Attributes:
        parent: The float model's file, once it is located.
    """

    parent: Path

    def __init__(self, what: str, options: Mapping[str, Any]) -> None:
        self._settings, self._voice = settings_of(options)
        self._tracking = step_tracking(options, self._settings, self._voice)
        self._options = options
        self._what = what
        self._datasets: dict[tuple[str, str | None], Dataset] = {}
        self._threads = options.get("threads") or os.cpu_count() or 1

    def quantize(self, config: Path, overrides: Mapping[str, str]) -> Quantized:
        """Run it by a configuration file."""
        from registry.quantization import configuration

        asked = configuration.read(config, overrides, self._options["data"])
        return self.run(asked, config.absolute().parent)

    def run(self, asked: Quantization, beside: Path) -> Quantized:
        """Run it.

        Args:
            asked: What is wanted.
            beside: Folder of the configuration, whose commit is recorded.
        """
        from registry.lineage import recorded
        from registry.quantization.run import Parent, Tools
        from registry.quantize import quantize

        options = self._options
        path, variant = located(self._what, self._settings, self._voice)
        self.parent = path
        if variant is None or options["card"] is not None:
            variant = variant_of(path, options["card"], self._settings, self._voice)
        parent = Parent(path, graph_of(path, variant), variant)
        tools = Tools(self._voice, self._voice.hush, self._measure, self._threads)
        folder = options["folder"] or Path("quantized", asked.name)
        made = quantize(parent, asked, folder, beside, tools, keep=options["keep"])
        if made.record["model"]["file"]:
            steps = recorded.of_quantization(made.record)
            recorded.write(
                folder / made.record["model"]["file"], recorded.extended(recorded.brought_along(path), steps)
            )
        return made

    def track(self, made: Quantized) -> None:
        """Log what was made, where that is asked for.

        Raises:
            UnavailableError: The records are kept but could not be delivered, or could not be kept.
        """
        if self._tracking:
            self._tracking.quantization(made.record, made.folder, self.parent)
            self._tracking.flush()

    def _measure(self, candidates: Sequence[Candidate], on: Measured) -> tuple[Outcome, Sequence[str]]:
        """Evaluate models on the same images."""
        from registry.evaluate import Entrant, evaluate, limited
        from registry.metrics import Run
        from registry.samples import VocFolder
        from registry.samples.lists import list_digest

        folder = Path(on.data)
        if (on.data, on.dataset) not in self._datasets:
            self._datasets[on.data, on.dataset] = dataset_of(folder, on.dataset, self._settings, self._voice)
        dataset = self._datasets[on.data, on.dataset]
        names = dataset.class_names
        if not names:
            raise RequestError(f"the card of {dataset.name} does not name its classes", hint="name another dataset")
        samples = limited(VocFolder(folder).samples(on.split), on.limit)
        listed = list_digest([sample.name for sample in samples])
        entrants = [
            Entrant(one.segmenter, self._subject(one, dataset.name, on.split, listed)) for one in candidates
        ]
        return evaluate(entrants, samples, lambda: Run(len(names), [on.protocol]), self._voice), names

    def _subject(self, one: Candidate, dataset: str, split: str, images: Digest) -> Subject:
        from registry.digest import Digest
        from registry.evaluation import Subject

        segmenter = one.segmenter
        return Subject(
            variant="",
            artifact=Digest.of_file(one.path),
            dataset=dataset,
            split=split,
            images=images,
            preprocessing=segmenter.preparation.digest,
            engine=segmenter.model.name,
            version=segmenter.model.version,
            threads=self._threads,
        )
