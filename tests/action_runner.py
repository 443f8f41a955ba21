"""A runner of composite GitHub Actions: the steps as shell, in order, with the files and variables they get there.

It knows just the expressions and workflow commands that are written down here, and refuses all others.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.action_expressions import evaluate, interpolate

_COMMAND = re.compile(r"\s*::(?P<name>[\w-]+)(?: (?P<properties>.*?))?::(?P<message>.*)")
_OLD_COMMAND = re.compile(r".*##\[(?P<name>[\w.-]+)(?: (?P<properties>[^]]*))?\](?P<message>.*)")
_PROPERTY_ESCAPES = {"%3A": ":", "%2C": ",", "%0D": "\r", "%0A": "\n", "%25": "%"}

ANNOTATIONS = ("error", "warning", "notice")


@dataclass(frozen=True)
class Annotation:
    """What a job's page shows beside the log, or at a line of a file."""

    kind: str
    message: str
    properties: Mapping[str, str]


@dataclass
class Outcome:
    """How an Action ended.

    Attributes:
        success: Whether the job goes on.
        outputs: Of the Action.
        log: What its steps wrote, command lines too.
        annotations: What was shown of it.
        other_commands: Workflow commands that are no annotations.
        summary: The job's page, in Markdown.
        uses: Inputs of the foreign Actions that it called, by name.
    """

    success: bool = True
    outputs: dict[str, str] = field(default_factory=dict)
    log: str = ""
    annotations: list[Annotation] = field(default_factory=list)
    other_commands: list[str] = field(default_factory=list)
    summary: str = ""
    uses: dict[str, dict[str, str]] = field(default_factory=dict)

    def of_kind(self, kind: str) -> list[Annotation]:
        """The annotations of one kind."""
        return [one for one in self.annotations if one.kind == kind]


class ActionRunner:
    """Runs an Action in a checkout.

    Attributes:
        temp: `RUNNER_TEMP`.
        environment: Variables that every step has.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.temp = folder / "temp"
        self.temp.mkdir(parents=True)
        self.environment = dict(environment)

    def run(
        self, action: Path, workspace: Path, event: Mapping[str, Any], variables: Mapping[str, str], **inputs: str
    ) -> Outcome:
        """Run all steps.

        Args:
            action: Folder of `action.yml`.
            workspace: The checkout, working folder of every step.
            event: Payload of the event.
            variables: Of the event, such as `GITHUB_REF`.
            **inputs: Of the Action; an underscore stands for a hyphen.
        """
        document = yaml.safe_load((action / "action.yml").read_text(encoding="utf-8"))
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= document["inputs"].keys(), "no such input"
        values = {name: str(item.get("default", "")) for name, item in document["inputs"].items()} | given
        context: dict[str, Any] = {"inputs": values, "github": {"event": event}, "steps": {}}
        common = {**self._files(action, workspace, event), **variables}
        outcome = Outcome()
        for step in document["runs"]["steps"]:
            if outcome.success and evaluate(step.get("if", "'always'"), context):
                self._step(step, context, common, workspace, outcome)
        outcome.outputs = {name: interpolate(item["value"], context) for name, item in document["outputs"].items()}
        outcome.summary = (self.temp / "summary").read_text(encoding="utf-8")
        return outcome

    def _files(self, action: Path, workspace: Path, event: Mapping[str, Any]) -> dict[str, str]:
        (self.temp / "event.json").write_text(json.dumps(event), encoding="utf-8")
        (self.temp / "summary").write_text("", encoding="utf-8")
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(action),
            "GITHUB_EVENT_PATH": str(self.temp / "event.json"),
            "GITHUB_STEP_SUMMARY": str(self.temp / "summary"),
            "GITHUB_WORKSPACE": str(workspace),
            "RUNNER_TEMP": str(self.temp),
        }

    def _step(
        self,
        step: Mapping[str, Any],
        context: dict[str, Any],
        common: dict[str, str],
        workspace: Path,
        outcome: Outcome,
    ) -> None:
        if "uses" in step:
            outcome.uses[step["uses"]] = {name: interpolate(text, context) for name, text in step["with"].items()}
            return
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "a value would become text of a script"
        script, written = self.temp / "step.sh", self.temp / "output"
        script.write_text(step["run"], encoding="utf-8")
        written.write_text("", encoding="utf-8")
        own = {name: interpolate(text, context) for name, text in step.get("env", {}).items()}
        process = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=workspace,
            env=self.environment | common | own | {"GITHUB_OUTPUT": str(written)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        outcome.log += process.stdout
        outcome.success = process.returncode == 0
        outputs = dict(line.split("=", 1) for line in written.read_text(encoding="utf-8").splitlines())
        context["steps"][step.get("id", step["name"])] = {"outputs": outputs}
        _read_commands(process.stdout, outcome)


def _read_commands(log: str, outcome: Outcome) -> None:
    """What the runner would obey in a step's log, both forms, until and after `stop-commands`."""
    stopped = ""
    for line in log.splitlines():
        found = _COMMAND.fullmatch(line) or _OLD_COMMAND.fullmatch(line)
        if found is None:
            continue
        name, message = found["name"], found["message"]
        if stopped:
            stopped = "" if name == stopped else stopped
        elif name == "stop-commands":
            stopped = message
        elif name in ANNOTATIONS:
            pairs = [pair.split("=", 1) for pair in (found["properties"] or "").split(",") if pair]
            properties = {key.strip(): _unescaped(value) for key, value in pairs}
            outcome.annotations.append(Annotation(name, _unescaped(message), properties))
        else:
            outcome.other_commands.append(line)
    assert not stopped, "the runner would take no further command"


def _unescaped(text: str) -> str:
    for escape, letter in _PROPERTY_ESCAPES.items():
        text = text.replace(escape, letter)
    return text
