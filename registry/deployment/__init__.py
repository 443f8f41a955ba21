"""Deployment packages: what a target needs to run a model, one module for each family of targets.

A module has one function, `package`, that turns a `Subject` into a `Package`; which module serves which target
stands here.
"""

from __future__ import annotations

from importlib import import_module

from registry.deployment.base import Adapter
from registry.errors import RequestError

FAMILIES = {
    "c": "c",
    "linux": "linux",
    "stm32n6": "stm32n6",
    "stm32mp2": "stm32mp2",
    "imx8mp": "imx8mp",
    "imx93": "imx93",
    **dict.fromkeys(("am62", "am62a", "am67a", "am68a", "am69a", "tda4vm"), "tidl"),
}
"""Module of this package by name of a target."""


def adapter_for(target: str) -> Adapter:
    """What makes the package of a target.

    Raises:
        RequestError: Nothing is written for this target.
    """
    if target not in FAMILIES:
        raise RequestError(
            f"no deployment package is written for {target}",
            hint=f"one of: {', '.join(FAMILIES)}; `c` runs on any CPU that a C compiler has",
        )
    found: Adapter = import_module(f"registry.deployment.{FAMILIES[target]}")
    return found
