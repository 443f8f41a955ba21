"""Which distributions are installed, whether they are whole, and what they ask for. None of them is imported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, distributions
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from packaging.requirements import Requirement

NAME = "edge-model-zoo"

Fit = Literal["fine", "missing", "other version", "broken"]

_MODULE = re.compile(r"^(?P<name>[A-Za-z_]\w*)(?:/__init__)?\.py,", re.MULTILINE)
"""A line of RECORD for a module, or for the first file of a package, directly in the folder of distributions."""


@dataclass(frozen=True)
class Dependency:
    """A requirement and what meets it.

    Attributes:
        requirement: As the distribution states it, without the marker of the extra, such as `numpy>=1.26`.
        name: Name of the distribution.
        version: The version found; empty where there is none.
        fit: Whether that will do.
    """

    requirement: str
    name: str
    version: str
    fit: Fit

    def __str__(self) -> str:
        match self.fit:
            case "fine":
                return f"{self.name} {self.version}"
            case "missing":
                return f"{self.name} is missing"
            case "other version":
                return f"{self.requirement} is needed, found {self.version}"
            case "broken":
                return f"{self.name} {self.version} is recorded as installed, but its modules are not there"


class Installed:
    """The distributions in some folders.

    Args:
        path: The folders, as `sys.path` has them.
    """

    def __init__(self, path: Sequence[str]) -> None:
        self._path = list(path)

    def own(self) -> Distribution | None:
        """The distribution of this library; None where it runs without having been installed."""
        return self.find(NAME)

    def find(self, name: str) -> Distribution | None:
        """The distribution of a name, the one that an import would take; None where there is none."""
        return next(iter(distributions(name=name, path=self._path)), None)

    def dependency(self, requirement: Requirement) -> Dependency:
        """What meets a requirement."""
        stated = f"{requirement.name}{requirement.specifier}"
        found = self.find(requirement.name)
        if found is None:
            return Dependency(stated, requirement.name, "", "missing")
        version = str(found.version or "of no stated version")
        fit: Fit = "fine"
        if not self._is_whole(found):
            fit = "broken"
        elif not _contains(requirement, version):
            fit = "other version"
        return Dependency(stated, requirement.name, version, fit)

    def _is_whole(self, found: Distribution) -> bool:
        """Whether every top-level module that a distribution recorded can be found; one without records is."""
        names = {match["name"] for match in _MODULE.finditer(found.read_text("RECORD") or "")}
        return all(self._has_module(name) for name in names)

    def _has_module(self, name: str) -> bool:
        spec = PathFinder.find_spec(name, self._path)
        return spec is not None and spec.origin is not None  # a folder that lost its __init__.py has no origin


def extras(own: Distribution) -> list[str]:
    """Names of the extras of a distribution that add something to use.

    Not `all`, which is the others together, nor `dev`, which is for work on the distribution itself.
    """
    return [name for name in own.metadata.get_all("Provides-Extra") or () if name not in ("all", "dev")]


def requirements(own: Distribution, extra: str = "") -> list[Requirement]:
    """What a distribution needs on this machine: in any case, or besides for an extra."""
    from packaging.requirements import Requirement

    stated = [Requirement(text) for text in own.requires or ()]
    always = [one for one in stated if one.marker is None or one.marker.evaluate({"extra": ""})]
    if not extra:
        return always
    return [one for one in stated if one not in always and one.marker and one.marker.evaluate({"extra": extra})]


def _contains(requirement: Requirement, version: str) -> bool:
    from packaging.version import InvalidVersion

    try:
        return requirement.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return False
