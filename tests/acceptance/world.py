"""What acceptance tests share: the installed command in a folder of its own, and small catalogues."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from registry.digest import Digest
from tests.unit import builders

COMMAND = Path(sys.executable).with_name("zoo")
SHARED = Path(__file__).resolve().parents[2].parent / "shared"

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_DROPPED = re.compile(r"ZOO_.*|_ZOO_.*|.*_PROXY|XDG_.*|COLUMNS|LINES|NO_COLOR|FORCE_COLOR|PYTHON.*", re.IGNORECASE)


@dataclass(frozen=True)
class Result:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Stdout, which must be one JSON value and nothing else."""
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"exit code {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


INTERRUPTIBLE = (
    sys.executable,
    "-c",
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])",
)
"""Starts a command that Ctrl-C reaches: a shell that runs the tests in the background has switched it off."""


class Zoo:
    """The installed `zoo`, in a working folder with cache and home of its own.

    Attributes:
        work: Working folder of the command.
        cache: Its cache.
        home: Its home folder.
        environment: Whole environment of the command; tests may change it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work, self.cache, self.home = folder / "work", folder / "cache", folder / "home"
        self.work.mkdir()
        self.home.mkdir()
        self._started: list[subprocess.Popen[str]] = []
        kept = {name: value for name, value in os.environ.items() if not _DROPPED.fullmatch(name)}
        self.environment = {
            **kept,
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "ZOO_CACHE": str(self.cache),
            "NO_PROXY": "*",
        }

    def __call__(self, *arguments: str | Path, **variables: str) -> Result:
        """Run the command to its end, with further environment variables."""
        return self.under((), *arguments, **variables)

    def under(self, starter: tuple[str, ...], *arguments: str | Path, **variables: str) -> Result:
        """Run the command to its end by way of another that starts it, such as one that limits it.

        No run whatsoever may print a traceback.
        """
        process = subprocess.run(
            [*starter, str(COMMAND), *map(str, arguments)],
            cwd=self.work,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return _checked(Result(process.returncode, process.stdout, process.stderr))

    def start(self, *arguments: str | Path, starter: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Start the command in a process group of its own; `finish` waits for it."""
        process = subprocess.Popen(
            [*starter, str(COMMAND), *map(str, arguments)],
            cwd=self.work,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def finish(self, process: subprocess.Popen[str]) -> Result:
        """Wait for a started command."""
        out, err = process.communicate()
        return _checked(Result(process.returncode, out, err))

    def close(self) -> None:
        """End what a failed test left running."""
        for process in self._started:
            if process.stdout and not process.stdout.closed:
                process.kill()
                process.communicate()

    def blobs(self) -> list[Path]:
        """Files of the cache that claim to be verified."""
        return files_below(self.cache / "blobs")

    def leftovers(self) -> list[str]:
        """Every file that a pull that failed must not leave: blobs, outputs, locks, and anything unfinished.

        What was received of a pinned file may stay in the cache, under its digest, to go on from.
        """
        incoming = files_below(self.cache / "incoming")
        kept = {path for path in incoming if re.fullmatch(r"[0-9a-f]{64}\.(part|etag|aside)", path.name)}
        found = {*files_below(self.work), *self.blobs(), *incoming} - kept
        unfinished = {path for path in files_below(self.folder) if path.suffix in (".part", ".link")}
        return sorted(path.relative_to(self.folder).as_posix() for path in found | (unfinished - kept))

    def lock(self, name: str = "zoo.lock") -> Any:
        """The lock file's document."""
        return json.loads((self.work / name).read_text(encoding="utf-8"))


class Cards:
    """A folder of cards: publisher `acme`, target `board`, dataset `shapes`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        accepts = [builders.rule("cpu", ["tflite"], ["float32"])]
        self.write(builders.target(accepts=accepts))
        self.write(builders.dataset())

    def card(self, *variants: builders.Plain, model: str = "net", **changes: Any) -> Path:
        """Write a card of `acme` with these variants."""
        return self.write(builders.card(*variants, model=model, **changes))

    def write(self, document: builders.Plain) -> Path:
        """Write a document where its kind and name say."""
        kind = document["schema"].partition("/")[0]
        place = {"target": "targets", "dataset": "datasets"}.get(kind) or document["publisher"]
        path = self.folder / place / f"{document.get('name') or document['model']}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        # through JSON, so that no two places share an object: YAML would write an alias, which cards do not take
        plain = json.loads(json.dumps(document))
        path.write_text(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), encoding="utf-8")
        return path


def pinned(name: str, data: bytes, *urls: str, **changes: Any) -> builders.Plain:
    """A variant whose card vouches for its bytes."""
    artifact = _artifact(name, urls, size=len(data), sha256=Digest.of(data).hex)
    return _variant(name, artifact, changes)


def unpinned(name: str, *urls: str, **changes: Any) -> builders.Plain:
    """A variant whose bytes nobody has vouched for."""
    return _variant(name, _artifact(name, urls, size=None, sha256="unpinned"), changes)


def file_source(url: str) -> builders.Plain:
    """A public address of a file."""
    return {"url": url, "kind": "file", "checked": "derived"}


def _artifact(name: str, urls: tuple[str, ...], **pins: Any) -> builders.Plain:
    return builders.artifact(file=f"{name}.tflite", sources=[file_source(url) for url in urls], **pins)


def _variant(name: str, artifact: builders.Plain, changes: builders.Plain) -> builders.Plain:
    classes = {"count": 3, "dataset": "shapes"}
    return builders.variant(name, **{"artifacts": [artifact], "classes": classes, **changes})


def model_bytes(size: int = 5000, seed: int = 1) -> bytes:
    """Bytes that look like a TensorFlow Lite file from outside."""
    return b"\x1c\x00\x00\x00TFL3" + random.Random(seed).randbytes(size - 8)


def mirror_of(folder: Path, *contents: bytes) -> Path:
    """A folder mirror that holds these bytes."""
    (folder / "blobs" / "sha256").mkdir(parents=True)
    for data in contents:
        (folder / Digest.of(data).blob_path).write_bytes(data)
    return folder


def files_below(folder: Path) -> list[Path]:
    """All files below a folder; none where there is no folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink())


def without_colour(text: str) -> str:
    """Text without the sequences that colour it."""
    return _COLOUR.sub("", text)


def assert_says(result: Result, *pieces: str) -> None:
    """The message has every piece, whatever the line breaks."""
    said = " ".join(result.err.split())
    missing = [piece for piece in pieces if piece not in said]
    assert not missing, f"missing {missing} in\n{result}"


def candidates(result: Result) -> Iterator[tuple[str, str]]:
    """Rank and full name of each line of a `--why` table that is not a terminal's."""
    for line in (result.out or result.err).splitlines():
        if found := re.match(r"\s*(\d+|-)  (\S+/\S+/\S+)", line):
            yield found[1], found[2]


def by_name(rows: list[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Rows of `zoo list --format json` by full name."""
    return {row["name"]: row for row in rows}


def _checked(result: Result) -> Result:
    assert "Traceback" not in result.err + result.out, str(result)
    assert result.code != 70, str(result)
    return result
