"""`--track` of a training or quantization: runs with charts and samples, and their ids in the lineage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import training_run
from cli.data_folder import dataset_of
from cli.tracking import Tracking

if TYPE_CHECKING:
    from cli.session import Voice
    from registry.digest import Digest
    from registry.lineage.logged import Entry
    from registry.segmenter import Segmenter
    from registry.settings import Settings

SAMPLES = 4
"""Pictures that a run shows with their masks and what the model makes of them."""

Plain = Mapping[str, Any]


def step_tracking(options: Plain, settings: Settings, voice: Voice) -> StepTracking | None:
    """What the options of a command ask for; None without `--track` and `--tracking`."""
    return StepTracking(settings, voice) if options.get("track") or options.get("tracking") else None


class StepTracking:
    """Logs what steps have left in their folders, all at once by `flush`, so that a dead server loses none of them.

    Making one checks what costs nothing.
    """

    def __init__(self, settings: Settings, voice: Voice) -> None:
        """Look up the address.

        Raises:
            RequestError: MLflow takes no such address.
            UnavailableError: MLflow is not installed.
        """
        self._tracking = Tracking(settings, voice)
        self._settings, self._voice = settings, voice
        self._entries: list[tuple[Path | None, Entry]] = []

    def training(self, record: Plain, folder: Path, *, parent: Digest | None = None) -> None:
        """Take up a training.

        Args:
            record: Its `training.json`.
            folder: Where it is.
            parent: Digest of the record of the pipeline that it was a part of.
        """
        from registry.lineage import logged, recorded

        data = record["configuration"]["data"]
        images = data.get("folder") or folder / "data"
        how = training_run.preprocessing_of(record)
        model = folder / record["model"]["file"]
        split = record["made_of"]["data"]["validation"]["split"]
        threads = record["environment"]["threads"]
        files = self._files(model, how, Path(images), data.get("dataset"), split, threads)
        self.take(model, logged.of_training(record, recorded.of_training(record), files, parent))

    def quantization(self, record: Plain, folder: Path, brought: Path, *, parent: Digest | None = None) -> None:
        """Take up a quantization.

        Args:
            record: Its `quantization.json`.
            folder: Where it is.
            brought: The model that it was made from, for the lineage beside that.
            parent: Digest of the record of the pipeline that it was a part of.
        """
        from registry.digest import Digest
        from registry.lineage import logged, recorded

        made_of, name = record["made_of"]["parent"], record["model"]["file"]
        experiment = logged.experiment_of(
            made_of["variant"], recorded.brought_along(brought), Digest(made_of["sha256"]), record["name"]
        )
        asked, how = record["configuration"], dict(record["made_of"]["preprocessing"])
        shown = {**asked.get("calibration", {}), **asked.get("gate", {})}
        files = {}
        if name and shown.get("data"):
            kept = {key: how[key] for key in ("resize", "interpolation", "mean", "scale")} | {
                "colour_mode": how["colour"]
            }
            threads = record["environment"]["threads"]
            files = self._files(
                folder / name, kept, Path(shown["data"]), shown.get("dataset"), shown["split"], threads
            )
        steps = recorded.of_quantization(record)
        self.take(folder / name if name else None, logged.of_quantization(record, steps, experiment, files, parent))

    def take(self, model: Path | None, entries: Sequence[Entry]) -> None:
        """Take up runs to be, and the model beside which a lineage names them; None without one."""
        self._entries += [(model, entry) for entry in entries]

    def flush(self) -> None:
        """Deliver all of it, then name the runs in the lineages beside the models.

        Raises:
            UnavailableError: The records are kept but could not be delivered, or could not be kept.
        """
        from registry.lineage import logged, recorded

        runs = self._tracking.log_all([(entry.record, entry.files) for _, entry in self._entries])
        known = {
            one.step.subject: run for (_, one), run in zip(self._entries, runs, strict=True) if run and one.step
        }
        for model in dict.fromkeys(model for model, _ in self._entries if model is not None):
            if known and recorded.beside(model).is_file():
                recorded.write(model, logged.with_runs(recorded.brought_along(model), known))
        self._entries.clear()

    def _files(
        self, model: Path, preprocessing: Plain, data: Path, dataset: str | None, split: str, threads: int
    ) -> dict[str, bytes]:
        """Signature and samples of a model, run with the threads that it was made with: TensorFlow keeps those."""
        from registry.inspect import read
        from registry.lineage.stepped import Port, signature_file
        from registry.samples import VocFolder
        from registry.segmenter import open_segmenter

        with self._voice.hush():
            segmenter = open_segmenter(model, read(model), None, threads=threads, preprocessing=preprocessing)
        ports = segmenter.model
        inputs, outputs = (
            [Port(one.name, one.dtype, one.shape) for one in side] for side in (ports.inputs, ports.outputs)
        )
        names = dataset_of(data, dataset, self._settings, self._voice).class_names
        files = {"signature.json": signature_file(inputs, outputs)}
        for sample in list(VocFolder(data).samples(split))[:SAMPLES]:
            files |= _drawn(segmenter, sample, names)
        return files


def _drawn(segmenter: Segmenter, sample: Any, names: Sequence[str]) -> dict[str, bytes]:
    """A sample's prediction and mask, each laid over its picture."""
    import numpy as np

    from registry import drawing, pictures
    from registry.samples.pictures import read_mask

    picture = pictures.read(sample.image)
    found = {}
    for title, classes in (("prediction", segmenter.class_map(picture)), ("mask", read_mask(sample.mask))):
        legend = [(one, names[one]) for one in np.unique(classes).tolist() if one < len(names)]
        found[f"samples/{sample.name}/{title}.png"] = drawing.overlay_png(picture, classes, legend)
    return found
