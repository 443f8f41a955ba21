"""Where the data of the distribution lies: inside the wheel, or at the top of a checkout."""

from __future__ import annotations

import os

_PACKAGE = os.path.dirname(os.path.realpath(__file__))


def data_folder(name: str) -> str:
    """Folder of shipped data, `cards` or `schemas`.

    The wheel carries it in `registry/data/`; an editable install and a checkout have it beside `registry/`.
    """
    packaged = os.path.join(_PACKAGE, "data", name)
    return packaged if os.path.isdir(packaged) else os.path.join(os.path.dirname(_PACKAGE), name)


def packaged(*parts: str) -> str:
    """Path of what lies among the modules of `registry/`, such as a template: in the wheel as in a checkout."""
    return os.path.join(_PACKAGE, *parts)
