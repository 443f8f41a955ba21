"""The steps of a pipeline that concern a board: measured on it, brought to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import bench_run, device_run
from cli.model_file import graph_of, located, variant_of
from cli.pipeline_work import Result, Work

if TYPE_CHECKING:
    pass

HOST = "linux"
"""The target that this machine is."""

_ROOT = "/usr/local"
"""Where a package goes on a board of which only the network address is stated."""


def why_not(kind: str, section: Mapping[str, Any]) -> str:
    """Why a step on a board cannot be run; empty where it can."""
    if kind != "benchmark":
        return ""
    if section.get("cloud"):
        return "no vendor's cloud is used; 'on: ssh://USER@HOST' measures on a board at hand"
    if section["target"] != HOST and "on" not in section:
        return (
            f"{section['target']} is measured on a board at hand: 'on: ssh://USER@HOST', or target: {HOST} for here"
        )
    return ""


def benchmark(work: Work) -> Result:
    """Measure the model here or on a board."""
    from registry.bench import bench
    from registry.benchmark.base import Plan
    from registry.pipeline import record

    section = work.section
    path, variant = located(work.model, work.settings, work.voice)
    variant = variant or variant_of(path, None, work.settings, work.voice)
    size = bench_run.input_size(variant)
    plan = Plan(threads=section.get("threads", 1), delegate=section.get("delegate"), size=size)
    with bench_run.machine(section.get("on")) as machine:
        found = bench(path, work.model, graph_of(path, variant), machine, plan, work.voice)
    document = found.to_document()
    place = work.place / "benchmark.json"
    record.save(place, document)
    return Result(
        {"record": place}, f"{document['milliseconds']:.3g} ms ({document['statistic']}) on {document['machine']}"
    )


def deploy(work: Work) -> Result:
    """Write the model's package for a target, and bring it to the board where one is named."""
    from cli.deployment_run import DeploymentRun

    section = work.section
    options = {
        **work.options,
        "target": section["target"],
        "folder": work.place,
        "card": None,
        "preprocessing": {**work.preprocessing, **section.get("preprocessing", {})},
    }
    made = DeploymentRun(work.model, options).deploy()
    told = f"{len(made.manifest.files)} files for {section['target']}"
    if address := section.get("address"):
        to = address if "://" in address else f"ssh://root@{address}{_ROOT}/{work.pipeline.name}"
        installed = device_run.send(made.folder, to, work.voice)
        told += f", {'now in use' if installed.switched else 'in use already'} on {installed.device}"
    return Result({"record": Path(made.folder, "deployment.json")}, told)
