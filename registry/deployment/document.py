"""Writing the manifest of a package: the same package gives the same bytes, with no dates and no paths of here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from registry import __version__
from registry.deployment.base import Package, Subject
from registry.deployment.manifest import FILE_NAME, SCHEMA, Manifest, PackagedFile, parse
from registry.fit import Fit

_MOST_TEXT = 2000


def manifest_of(subject: Subject, package: Package, files: Sequence[PackagedFile], size: int) -> Manifest:
    """The manifest of a package whose files are written.

    Args:
        subject: What is deployed.
        package: What was made of it.
        files: All files as they were written.
        size: Bytes of the model file.

    Raises:
        RejectedError: It would not be read back, for instance for two files of one path.
    """
    whole = {
        "schema": SCHEMA,
        "name": subject.name,
        "target": subject.target.name,
        "variant": subject.variant.full_name if subject.variant else None,
        "model": {"file": _model_name(subject), "sha256": subject.digest.hex, "size": size},
        "fit": _fit(subject.fit),
        "files": [one.to_json() for one in files],
        "instructions": [
            {"title": one.title, "where": one.where, "command": list(one.command)} for one in package.instructions
        ],
        "tools": [asdict(one) for one in package.tools],
        "readings": [asdict(one) for one in package.readings],
        "warnings": list(package.warnings),
        "zoo": __version__,
    }
    text = json.dumps(_readable(whole), indent=2, ensure_ascii=False, allow_nan=False)
    return parse(f"{text}\n".encode(), FILE_NAME)


def _model_name(subject: Subject) -> str:
    """As its card names the file, whose own name may be that of a blob."""
    models = [one.file for one in subject.variant.files if one.role == "model"] if subject.variant else []
    return models[0] if models else subject.path.name


def _fit(fit: Fit) -> dict[str, Any]:
    return {
        "verdict": fit.verdict,
        "engine": fit.engine,
        "memory": asdict(fit.memory),
        "pools": [
            {"name": pool.name, "used": used, "size": pool.size or None} for pool, used in fit.placement.used
        ],
        "reasons": list(fit.reasons),
        "notes": list(fit.notes),
    }


def _readable(value: Any) -> Any:
    """A value whose texts hold what a terminal may show: names come from files of others."""
    if isinstance(value, str):
        return "".join(letter if letter.isprintable() else "?" for letter in value)[:_MOST_TEXT]
    if isinstance(value, list):
        return [_readable(one) for one in value]
    return {key: _readable(one) for key, one in value.items()} if isinstance(value, dict) else value
