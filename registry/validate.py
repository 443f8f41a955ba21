"""The verb behind `zoo validate`: documents against their schemas, their own rules and each other.

Each document is judged by itself in a worker process, which gives back its problems and the few facts that
other documents need; only those facts stay in memory.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path

from registry.consistency import Verdict, duplicate, gather_context, judge
from registry.parallel import ordered_map
from registry.parents import Ancestors, ParentReference


def validate(documents: Sequence[Path], roots: Sequence[Path]) -> Iterator[Verdict]:
    """Judge documents by themselves, then against each other and the catalogue.

    Yields one verdict a document, in order, and last one more for each document that other documents put in
    the wrong.

    Args:
        documents: What to judge.
        roots: Folders of the catalogue, for what the documents refer to but is not among them.
    """
    context = gather_context(roots, documents)
    first: dict[str, str] = {}
    parents: list[tuple[str, ParentReference]] = []
    for verdict in ordered_map(functools.partial(judge, context=context), documents):
        yield verdict
        parents += [(verdict.file, reference) for reference in verdict.parents]
        other = first.setdefault(verdict.name.lower(), verdict.file) if verdict.name else verdict.file
        if other != verdict.file:
            yield Verdict(verdict.file, (duplicate(verdict, other),))
    ancestors = Ancestors(first, roots)
    for file, reference in parents:
        if problem := ancestors.judge(file, reference):
            yield Verdict(file, (problem,))
