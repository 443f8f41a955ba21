"""Folders with distributions in them, as pip leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from registry.diagnosis.installed import NAME, Installed


def install(
    folder: Path, name: str, version: str = "1.0", modules: Sequence[str] = (), headers: Sequence[str] = ()
) -> Path:
    """Install a distribution of empty packages; returns its folder of metadata."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *headers]
    (info / "METADATA").write_text("\n".join([*lines, "", ""]), encoding="utf-8")
    files = [f"{module}/__init__.py" for module in modules]
    for file in files:
        (folder / file).parent.mkdir()
        (folder / file).touch()
    records = [f"{file},," for file in (*files, f"{info.name}/METADATA")]
    (info / "RECORD").write_text("\n".join([*records, ""]), encoding="utf-8")
    return info


def install_own(folder: Path, *requires: str, extras: Sequence[str] = (), version: str = "0.1.0") -> Path:
    """Install this library with its requirements and extras; returns its folder of metadata."""
    headers = ["Requires-Python: >=3.11", *(f"Provides-Extra: {one}" for one in extras)]
    return install(folder, NAME, version, headers=[*headers, *(f"Requires-Dist: {one}" for one in requires)])


def installed(folder: Path) -> Installed:
    """What is installed there."""
    return Installed([str(folder)])
