"""What the rule book is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """One rule in words, for somebody who has never seen the project.

    Attributes:
        title: What is wrong, in a few words.
        meaning: What was found, and why it matters.
        remedy: What to do about it.
    """

    title: str
    meaning: str
    remedy: str


@dataclass(frozen=True)
class Chapter:
    """Rules that belong together.

    Attributes:
        title: What they are about.
        told_by: Who looks, and the commands that tell.
        rules: Explanation of each rule, by its identifier.
    """

    title: str
    told_by: str
    rules: Mapping[str, Explanation]
