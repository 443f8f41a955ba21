"""A runner of a GitLab CI template: the inputs put in, and the job's script as shell."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_INPUT = re.compile(r"\$\[\[ inputs\.([\w-]+) \]\]")


def job_of(template: Path, inputs: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Name and definition of the template's only job, with its inputs put in.

    Raises:
        ValueError: An input is none of the template, or not among its options.
    """
    header, jobs = yaml.safe_load_all(template.read_text(encoding="utf-8"))
    known = header["spec"]["inputs"]
    for name, value in inputs.items():
        if name not in known or value not in known[name].get("options", [value]):
            raise ValueError(f"{name}: no input of the template can be {value!r}")
    values = {name: inputs.get(name, item["default"]) for name, item in known.items()}
    ((name, job),) = jobs.items()
    return name, _put_in(job, values)


def run(job: Mapping[str, Any], checkout: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run the job's script in a checkout, with the job's variables: exit code and log."""
    process = subprocess.run(
        ["sh", "-e", "-c", "\n".join(job["script"])],
        cwd=checkout,
        env={**environment, **job["variables"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return process.returncode, process.stdout


def _put_in(value: Any, inputs: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _put_in(item, inputs) for key, item in value.items()}
    if isinstance(value, list):
        return [_put_in(item, inputs) for item in value]
    return _INPUT.sub(lambda found: inputs[found[1]], value) if isinstance(value, str) else value
