"""The verb behind `zoo quantize`: a float model, a configuration, and out of them a proven file with its record."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from registry.digest import Digest
from registry.errors import MismatchError, RejectedError
from registry.facts import Facts
from registry.files import whole_folder, write_atomically
from registry.inspect import read
from registry.lineage.step import utc
from registry.quantization import proof, record
from registry.quantization.calibration import calibration_set
from registry.quantization.configuration import Quantization
from registry.quantization.gate import Verdict
from registry.quantization.run import Parent, Run, Tools


@dataclass(frozen=True)
class Quantized:
    """What came of it.

    Attributes:
        folder: Where it is.
        verdict: Of the gate; None without one.
        record: As it stands in the folder.
    """

    folder: Path
    verdict: Verdict | None
    record: Mapping[str, Any]


def quantize(
    parent: Parent, asked: Quantization, folder: Path, commit: Path, tools: Tools, *, keep: bool = False
) -> Quantized:
    """Quantize a model, prove that the file is what was asked for, and hold it against its parent.

    A result that the gate rejects leaves its record without the file, unless it is to be kept. Whatever fails
    leaves nothing.

    Args:
        parent: The float model.
        asked: What to do.
        folder: Where the result goes; an earlier result there is replaced.
        commit: Folder whose git commit the record names.
        tools: What it is done with.
        keep: Whether a file that the gate rejects is written all the same.

    Raises:
        MismatchError: The parent has another digest than the configuration says.
        RejectedError: The parent is not float, a library does not take it, or the file is not what was asked for.
        RequestError: The parent's format does not serve, an image is missing, or the folder holds something else.
        UnavailableError: A package is missing, or the disk is full.
    """
    began, started = utc(time.time_ns() // 1_000_000), time.monotonic()
    digest = _require_parent(parent, asked)
    chosen = calibration_set(asked.calibration) if asked.calibration else None
    with whole_folder(folder, record.NAMES) as place:
        path = place / f"model{asked.ending}"
        with TemporaryDirectory(dir=place) as work:
            run = Run(parent, asked, chosen, Path(work), tools)
            data, choice = run.made()
            path.write_bytes(data)
            found = proof.require(Facts(read(path)), asked, choice.float_layers if choice else ())
            verdict, measured = run.gated(path)
        kept = keep or verdict is None or verdict.passed
        if not kept:
            path.unlink()
        document = record.document(
            asked,
            {
                "parent": {**parent.to_json(), "sha256": digest.hex},
                "calibration": chosen and chosen.to_json(),
                "preprocessing": run.preprocessing,
            },
            {"file": path.name if kept else None, "size": len(data), "sha256": Digest.of(data).hex, **found},
            choice,
            {**verdict.to_json(), **measured} if verdict else None,
        )
        document |= record.circumstances(tools.threads, commit, began, time.monotonic() - started)
        write_atomically(place / record.FILE, json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")
    return Quantized(folder, verdict, document)


def _require_parent(parent: Parent, asked: Quantization) -> Digest:
    digest = Digest.of_file(parent.path)
    if asked.parent not in (None, digest.hex):
        raise MismatchError(
            parent.name,
            expected=f"the parent sha256:{asked.parent}",
            found=str(digest),
            hint="the configuration pins its parent (parent.sha256); quantize that file, or pin this one",
        )
    scheme = Facts(parent.graph).scheme.scheme
    if scheme != "float32":
        raise RejectedError(
            f"{parent.name}: expected a float32 model, found {scheme}", hint="quantize the model it is of"
        )
    return digest
