"""Manifests of deployment packages for tests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from registry.deployment.manifest import FILE_NAME


def packaged(path: str, data: bytes = b"bytes", **changes: Any) -> dict[str, Any]:
    """A file of a manifest."""
    return {
        "path": path,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "role": "data",
        "executable": False,
        **changes,
    }


def manifest(*files: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A valid manifest of some files."""
    model = packaged("net.tflite", b"model", role="model")
    return {
        "schema": "deployment/1",
        "name": "net",
        "target": "linux",
        "variant": "acme/net/small",
        "model": {"file": "net.tflite", "sha256": model["sha256"], "size": model["size"]},
        "fit": {
            "verdict": "yes",
            "engine": "cpu",
            "memory": {"ram": 10, "flash": 20, "source": "estimated", "least": 5, "most": 15},
            "pools": [{"name": "DDR", "used": 30, "size": 100}],
            "reasons": [],
            "notes": [],
        },
        "files": [model, *files],
        "instructions": [{"title": "Run it", "where": "device", "command": ["./run", "a b"]}],
        "tools": [{"name": "compiler", "version": None, "use": "compiles it", "found": False}],
        "readings": [],
        "warnings": [],
        "zoo": "0.1",
        **changes,
    }


def write(folder: Path, document: dict[str, Any]) -> Path:
    """Write a manifest into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).write_text(json.dumps(document, indent=1), encoding="utf-8")
    return folder
