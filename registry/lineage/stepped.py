"""The record by which a step of a lineage becomes a run: what training and quantization log when they are done."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.digest import Digest
from registry.lineage.document import step_document
from registry.lineage.record import INPUT, OUTPUT, DatasetInput, Metric, Record
from registry.lineage.step import Figure, Item, Step

DATA_ROLES = ("images", "train", "validation", "test", "calibration")
"""Roles of images, which MLflow shows as datasets that went in."""

_DYNAMIC = -1
"""How MLflow's signatures write a size that is open."""


@dataclass(frozen=True)
class Port:
    """An input or output of a network: name, type as NumPy calls it, and sizes, None for an open one."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


def step_record(
    step: Step, experiment: str, name: str, *, tags: Mapping[str, str] | None = None, parent: Digest | None = None
) -> Record:
    """The record of a step, to be kept in the spool and delivered like any other.

    In MLflow the run has the digests of what went in and came out as tags `zoo.input.<role>` and
    `zoo.output.<role>`, and the ids of the runs that made what went in as `zoo.from.<role>`.

    Args:
        step: What was done; where it does not say when it began, as a dataset does not, the run has the time of its
            delivery, so that the same dataset is one run however often it is used.
        experiment: `publisher/model`, or whatever it belongs to.
        name: Title of the run.
        tags: What else to find it by, such as `variant`.
        parent: Digest of the record of the pipeline that it was a part of; its run has to be delivered first.
    """
    started = round(datetime.fromisoformat(step.started).timestamp() * 1000) if step.started else 0
    environment = {f"version {name}": version for name, version in step.environment.versions.items()}
    stated = {
        **{name: value if isinstance(value, str) else json.dumps(value) for name, value in step.parameters.items()},
        **environment,
        "host": step.environment.host,
        "seed": "" if step.seed is None else str(step.seed),
    }
    details = {"configuration": step.configuration.hex if step.configuration else "", "commit": step.commit or ""}
    return Record(
        kind=step.kind,
        experiment=experiment,
        name=name,
        started=started,
        ended=started + round(1000 * (step.seconds or 0)),
        subjects={**_roles(INPUT, step.inputs), **_roles(OUTPUT, step.outputs)},
        params={_allowed(name): value for name, value in stated.items() if value},
        metrics=tuple(Metric(_metric(one), one.value, one.step or 0) for one in step.figures),
        tags={**{name: value for name, value in details.items() if value}, **(tags or {})},
        datasets=tuple(
            DatasetInput(one.name, one.digest, one.role) for one in step.inputs if one.role in DATA_ROLES
        ),
        parent=parent,
    )


def step_file(step: Step) -> bytes:
    """The step itself, as the file `step.json` of its run."""
    return (json.dumps(step_document(step), indent=1, ensure_ascii=False) + "\n").encode()


def signature_file(inputs: Sequence[Port], outputs: Sequence[Port]) -> bytes:
    """What goes into the model and what comes out, as MLflow writes the signature of a model."""
    return (json.dumps({"inputs": _ports(inputs), "outputs": _ports(outputs), "params": None}) + "\n").encode()


def _ports(ports: Sequence[Port]) -> str:
    """A schema of tensors: MLflow keeps it as JSON inside JSON."""
    return json.dumps(
        [
            {
                "name": one.name,
                "type": "tensor",
                "tensor-spec": {
                    "dtype": one.dtype,
                    "shape": [_DYNAMIC if size is None else size for size in one.shape],
                },
            }
            for one in ports
        ]
    )


def _roles(beginning: str, items: Sequence[Item]) -> dict[str, Digest]:
    """Digests by role; a role that comes again is counted: `images`, `images-2`."""
    return {f"{beginning}{role}": one.digest for role, one in _counted(items)}


def _counted(items: Sequence[Item]) -> Iterator[tuple[str, Item]]:
    seen: dict[str, int] = {}
    for one in items:
        seen[one.role] = seen.get(one.role, 0) + 1
        yield (one.role if seen[one.role] == 1 else f"{one.role}-{seen[one.role]}"), one


def _metric(figure: Figure) -> str:
    """`voc/mean-iou`, `voc/iou/<class>`; of a curve `<split>/loss`: two protocols are never one column."""
    before = figure.protocol or figure.split
    return "/".join(_allowed(part) for part in (before, figure.name, figure.label) if part)


def _allowed(text: str) -> str:
    """A name with the letters that MLflow takes in the name of a metric or parameter."""
    return re.sub(r"[^A-Za-z0-9_\-. ]", "_", text).strip(" .") or "_"
