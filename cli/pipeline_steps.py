"""The steps of a pipeline: each composes what one verb needs. A step that is not in the table cannot be run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import pipeline_boards, training_run
from cli.pipeline_work import Result, Work
from registry.errors import MismatchError, RequestError

if TYPE_CHECKING:
    from registry.evaluation import Evaluation
    from registry.pipeline.document import Pipeline


Run = Callable[[Work], Result]


def _train(work: Work) -> Result:
    from registry.training import document
    from registry.training.result import MODEL, RECORD_FILE

    source = document.valid(work.pipeline.section("train"))
    record = training_run.train(
        source,
        work.place,
        work.settings,
        work.voice,
        resume=False if work.restart else None,
        threads=work.threads,
    )
    chosen = record["epochs"][record["model"]["epoch"] - 1]
    accuracy = chosen.get("val_mean_iou")
    measured = "" if accuracy is None else f", mean IoU {accuracy:.2%} ({record['protocol']})"
    return Result(
        {"model": work.place / MODEL, "record": work.place / RECORD_FILE},
        f"epoch {chosen['epoch']} of {len(record['epochs'])}{measured}",
        preprocessing=training_run.preprocessing_of(record),
    )


def _evaluate(work: Work) -> Result:
    from cli.evaluation_run import EvaluationRun
    from registry.pipeline import record

    section = work.section
    protocol = section.get("protocol", "voc")
    options = {
        **work.options,
        "data": work.data,
        "split": section.get("split") or _held(work.pipeline) or "val",
        "dataset_name": section.get("dataset") or _dataset(work.pipeline),
        "protocols": (protocol,),
        "limit": section.get("limit"),
        "threads": _threads(work),
        "delegate": None,
        "card": None,
        "against": None,
        "max_bad": 0,
        "restart": work.restart,
        "preprocessing": {**work.preprocessing, **section.get("preprocessing", {})},
    }
    run = EvaluationRun(work.model, options)
    evaluation = run.evaluate().evaluations[0]
    path = work.place / "evaluation.json"
    document = {**evaluation.to_json(), "classes": run.dataset.class_names}
    record.save(path, document)
    mean = document["protocols"][protocol]["mean-iou"]
    return Result(
        {"record": path},
        f"{_share(mean)} mean IoU ({protocol}), {evaluation.samples} images",
        _gate(evaluation, mean, section.get("least_mean_iou")),
    )


def _threads(work: Work) -> int:
    """Threads of an evaluation: TensorFlow keeps those of its first model for a process."""
    if work.model.endswith((".keras", ".h5", ".hdf5")):
        return work.threads
    return int(work.section.get("threads", 1))


def _gate(evaluation: Evaluation, mean: float | None, least: float | None) -> str:
    if least is None or (mean is not None and mean >= least):
        return ""
    return f"expected a mean IoU of at least {least:.2%}, found {_share(mean)} on {evaluation.samples} images"


def _share(value: float | None) -> str:
    return "no" if value is None else f"{value:.2%}"


def _held(pipeline: Pipeline) -> str | None:
    """List that a training is measured on."""
    data = pipeline.plain.get("training", {}).get("data")
    return None if data is None else data.get("validation", "val")


def _dataset(pipeline: Pipeline) -> str | None:
    found: str | None = pipeline.plain.get("training", {}).get("data", {}).get("dataset")
    return found


def _quantize(work: Work) -> Result:
    from dataclasses import replace

    from cli.quantization_run import QuantizationRun
    from registry.quantization import configuration
    from registry.quantization.record import FILE

    asked = configuration.valid(work.pipeline.section("quantize"), work.data)
    asked = replace(asked, preprocessing={**work.preprocessing, **asked.preprocessing})
    options = {**work.options, "threads": work.threads, "folder": work.place, "card": None, "keep": False}
    beside = Path(work.pipeline.document.file).absolute().parent
    found = QuantizationRun(work.model, options).run(asked, beside)
    made, verdict = found.record["model"], found.verdict
    outputs = {"record": work.place / FILE}
    if made["file"]:
        outputs["model"] = work.place / made["file"]
    return Result(
        outputs,
        f"{made['scheme']} {made['granularity']}, {made['size']} bytes",
        "" if verdict is None or verdict.passed else "the gate: " + "; ".join(verdict.reasons),
        asked.preprocessing,
    )


STEPS: dict[str, Run] = {
    "train": _train,
    "quantize": _quantize,
    "evaluate": _evaluate,
    "benchmark": pipeline_boards.benchmark,
    "deploy": pipeline_boards.deploy,
}
"""What runs a step, by its kind."""

_NO_STEP = {"predict": "it is no step of a chain yet: `zoo predict NAME|FILE IMAGE... -o DIR` does it"}


def why_not(pipeline: Pipeline, kind: str) -> str:
    """Why a step of a kind cannot be run; empty where it can."""
    from registry.pipeline.kinds import KINDS

    section = pipeline.plain.get(KINDS[kind].section, {})
    return _NO_STEP.get(kind) or pipeline_boards.why_not(kind, section)


def require_all(pipeline: Pipeline) -> None:
    """Nothing is run unless every step can be.

    Raises:
        RequestError: A step cannot.
    """
    reasons = {kind: why_not(pipeline, kind) for kind in dict.fromkeys(pipeline.chain)}
    told = "\n".join(f"  {kind}: {why}" for kind, why in reasons.items() if why)
    if told:
        raise RequestError(
            f"{pipeline.document.file}: nothing is run, since this cannot be done:\n{told}",
            hint="leave these steps out, with their sections, or change the sections",
        )


def require_model(pipeline: Pipeline, options: Mapping[str, Any]) -> Path | None:
    """The file that the pipeline begins with, proven; None where it trains one.

    Raises:
        RequestError: There is no such file or variant.
        MismatchError: It has other bytes than the pipeline states.
    """
    from cli.model_file import located, settings_of
    from registry.digest import Digest

    stated = pipeline.plain.get("model")
    if stated is None:
        return None
    path, _variant = located(stated["name"], *settings_of(options))
    found = Digest.of_file(path)
    if stated.get("sha256") not in (None, found.hex):
        raise MismatchError(
            f"model {stated['name']}",
            expected=f"sha256:{stated['sha256']}",
            found=str(found),
            hint="the file has changed since the pipeline was written",
        )
    return path
