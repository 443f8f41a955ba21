"""A run of `zoo run`: the steps of a pipeline, one after the other, each in a folder of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import pipeline_steps
from cli.model_file import settings_of
from cli.pipeline_steps import STEPS
from cli.pipeline_work import Result, Work
from registry.errors import MismatchError, RejectedError

if TYPE_CHECKING:
    from registry.pipeline.document import Pipeline
    from registry.pipeline.plan import Step
    from registry.pipeline.record import Done


class PipelineRun:
    """A pipeline in its folder.

    Attributes:
        done: Steps so far, the failed one last.
        taken: The model that went into each of them; None where there was none yet.
        record: What is written, once something is.
    """

    def __init__(
        self, pipeline: Pipeline, folder: Path, options: Mapping[str, Any], about: Mapping[str, Any]
    ) -> None:
        from registry.pipeline import plan, record

        self._pipeline, self._folder, self._options, self._about = pipeline, folder, options, about
        self._settings, self._voice = settings_of(dict(options))
        self._steps = plan.steps(pipeline)
        self._earlier = [] if options["restart"] else record.earlier(folder)
        self.done: list[Done] = []
        self.taken: list[Path | None] = []
        self.record: dict[str, Any] = {}

    def run(self) -> bool:
        """Run what is left; whether every gate was passed."""
        model = pipeline_steps.require_model(self._pipeline, self._options)
        preprocessing: Mapping[str, Any] = {}
        for step in self._steps:
            self.taken.append(model)
            done = self._step(step, model, preprocessing)
            self.done.append(done)
            self._write()
            if done.verdict == "failed":
                return False
            if "model" in done.outputs:
                model = self._folder / done.outputs["model"]["file"]
                preprocessing = done.preprocessing
        return True

    def _step(self, step: Step, model: Path | None, preprocessing: Mapping[str, Any]) -> Done:
        from registry.pipeline import record

        data = self._data(step)
        inputs = self._digests(step, model, data)
        key = step.key(inputs)
        told = f"step {step.number} of {len(self._steps)}, {step.kind}"
        if found := record.reusable(self._folder, self._earlier, step.number, key):
            self._voice.note(f"{told}: done already with the same inputs")
            return found
        self._voice.note(told)
        started, clock = int(time.time()), time.monotonic()
        try:
            result = STEPS[step.kind](self._work(step, model, preprocessing, data))
        except MismatchError:
            raise
        except RejectedError as error:
            result = Result({}, "", error.message)
        return record.Done(
            step.to_json(),
            key.hex,
            inputs,
            record.made(self._folder, result.outputs),
            result.figures,
            record.FAILED if result.failure else record.PASSED,
            result.failure,
            started,
            round(time.monotonic() - clock, 3),
            result.preprocessing,
        )

    def _work(self, step: Step, model: Path | None, preprocessing: Mapping[str, Any], data: Path | None) -> Work:
        from registry.pipeline.kinds import KINDS

        section = self._pipeline.plain.get(KINDS[step.kind].section, {})
        stated = self._pipeline.plain.get("model", {}).get("name", "")
        made = any("model" in one.outputs for one in self.done)
        return Work(
            self._pipeline,
            section,
            self._folder / step.folder,
            str(model) if made else stated,
            preprocessing,
            data,
            self._options,
            self._settings,
            self._voice,
            self._options["threads"] or os.cpu_count() or 1,
            self._options["restart"],
        )

    def _data(self, step: Step) -> Path | None:
        """Folder of images that a step takes."""
        from registry.training.generated import FOLDER

        for role in ("data", "calibration", "images"):
            if role in step.inputs:
                source = step.inputs[role]
                return Path(source.name) if source.step is None else self._folder / self._steps[0].folder / FOLDER
        return None

    def _digests(self, step: Step, model: Path | None, data: Path | None) -> dict[str, str]:
        """What a step takes, by digest: files by their bytes, images by the identifiers of the lists."""
        from registry.digest import Digest
        from registry.pipeline.plan import digest_of
        from registry.samples import VocFolder

        found = {}
        if "model" in step.inputs and model is not None:
            found["model"] = Digest.of_file(model).hex
        if "parent" in step.inputs and Path(step.inputs["parent"].name).is_file():
            found["parent"] = Digest.of_file(Path(step.inputs["parent"].name)).hex
        if data is not None:
            folder = VocFolder(data)
            found["data"] = digest_of({name: folder.list_digest(name).hex for name in folder.splits()}).hex
        return found

    def _write(self) -> None:
        from registry.pipeline import record

        self.record = record.write(self._folder, self._about, self.done)
