"""Python, this distribution and its extras."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution
from pathlib import Path

from registry import __version__
from registry.diagnosis.finding import Finding
from registry.diagnosis.installed import NAME, Dependency, Installed, extras, requirements


def examine(installed: Installed, python: str, code: Path) -> Iterator[Finding]:
    """Look at Python's version, at where this library comes from, and at what it needs.

    Args:
        installed: The distributions there are.
        python: Version of the running Python, such as `3.11.7`.
        code: Folder that holds the package `registry` that runs.
    """
    own = installed.own()
    if own is None:
        yield Finding("python", "ok", python)
        found = f"{__version__} in {code}, not installed: what it needs is not known"
        yield Finding("zoo", "fault", found, command=f"pip install {NAME}")
        return
    yield _python(own, python)
    yield _zoo(own, code)
    yield _core([installed.dependency(one) for one in requirements(own)])
    for name in extras(own):
        yield _extra(name, [installed.dependency(one) for one in requirements(own, name)])


def _python(own: Distribution, python: str) -> Finding:
    from packaging.specifiers import SpecifierSet

    wanted = own.metadata["Requires-Python"] or ""
    if SpecifierSet(wanted).contains(python, prereleases=True):
        return Finding("python", "ok", f"{python}, needs {wanted}" if wanted else python)
    advice = "make a new environment with such a Python, and install zoo there"
    return Finding("python", "fault", f"needs {wanted}, found {python}", advice=advice)


def _zoo(own: Distribution, code: Path) -> Finding:
    """Whether what runs is what was installed: a folder on PYTHONPATH may go before it."""
    source = _editable(own)
    place = source or Path(str(own.locate_file("")))
    if place.resolve() != code.resolve():
        return Finding(
            "zoo",
            "warning",
            f"{__version__} runs from {code}, but {own.version} is installed in {place}",
            advice="see PYTHONPATH and the working folder, or install this one",
        )
    if own.version != __version__:
        found = f"{__version__} in {place}, installed as {own.version}: the record of what it needs is old"
        again = (
            f"pip install --editable {shlex.quote(str(source))}"
            if source
            else f"pip install --force-reinstall {NAME}"
        )
        return Finding("zoo", "warning", found, command=again)
    return Finding("zoo", "ok", f"{__version__} in {place}" + (", editable" if source else ""))


def _editable(own: Distribution) -> Path | None:
    """The folder of an editable install (PEP 610); None for any other one."""
    from urllib.parse import unquote, urlsplit

    try:
        document = json.loads(own.read_text("direct_url.json") or "{}")
        return Path(unquote(urlsplit(str(document["url"])).path)) if document["dir_info"]["editable"] else None
    except (ValueError, KeyError, TypeError):
        return None


def _core(needed: Sequence[Dependency]) -> Finding:
    bad = [one for one in needed if one.fit != "fine"]
    if not bad:
        return Finding("core", "ok", ", ".join(map(str, needed)) or "needs nothing")
    return Finding("core", "fault", _listed(bad), command=_mending(bad))


def _extra(name: str, needed: Sequence[Dependency]) -> Finding:
    """An extra that is not whole was mostly never asked for; one whose every part is there has to work."""
    bad = [one for one in needed if one.fit != "fine"]
    if not bad:
        return Finding(f"extra {name}", "ok", ", ".join(map(str, needed)))
    fits = {one.fit for one in bad}
    if "missing" in fits and "broken" not in fits:
        return Finding(f"extra {name}", "note", _listed(bad), command=f"pip install '{NAME}[{name}]'")
    mending = _mending([one for one in bad if one.fit != "missing"])
    return Finding(f"extra {name}", "fault", _listed(bad), command=mending)


def _listed(bad: Sequence[Dependency]) -> str:
    return "; ".join(map(str, bad))


def _mending(bad: Sequence[Dependency]) -> str:
    """A command that installs what is wrong; by force what pip would believe to be there."""
    broken = " ".join(f"'{one.requirement}'" for one in bad if one.fit == "broken")
    others = " ".join(f"'{one.requirement}'" for one in bad if one.fit != "broken")
    by_force = [f"pip install --force-reinstall --no-deps {broken}"] if broken else []
    return " && ".join([*by_force, *([f"pip install {others}"] if others else [])])
