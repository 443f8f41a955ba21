"""Change a card in place: what is added goes in, and every other letter of the file stays as it is."""

from __future__ import annotations

import itertools
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry import document, plausible, rules, splice
from registry.document import Document
from registry.errors import RejectedError, UnavailableError
from registry.files import open_regular, unreadable, write_atomically
from registry.problem import Problem


def read(path: Path) -> tuple[Document, str]:
    """A card of any state, and its text.

    Raises:
        RejectedError: It is no YAML that a card may be.
        UnavailableError: It cannot be read.
    """
    try:
        with open_regular(path) as file:
            data = file.read(document.MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    found = document.parse(data, str(path)) if len(data) <= document.MAX_BYTES else document.read(path)
    if isinstance(found, Problem):
        raise RejectedError(f"{path}: not a valid card, so nothing is added to it: {found}")
    return found, data.decode("utf-8")


def errors_of(card: Document) -> list[Problem]:
    """What keeps a card from being valid by itself."""
    problems = rules.check(card, "model-card")
    return [one for one in problems or plausible.check(card) if one.severity == "error"]


def with_source(text: str, card: dict[str, Any], source: Mapping[str, Any], name: str) -> tuple[str, str]:
    """A card's text with a source, and the key that it has there; one of the same document counts as the same.

    Args:
        text: Of the card.
        card: Its content, which gets the source too.
        source: Item of `sources`.
        name: Key that a new one gets, numbered where it is taken.
    """
    sources = card.get("sources", {})
    key = source_key(sources, source["document"], name)
    if key in sources:
        return text, key
    if "sources" in card:
        text = splice.append(text, ("sources",), source, key)
    else:
        text = splice.append(text, (), {key: source}, "sources")
    card["sources"] = {**sources, key: dict(source)}
    return text, key


def source_key(sources: Mapping[str, Any], document_name: str, name: str) -> str:
    """Key of the source that is a document; a free one, beginning with a name, where none is."""
    ours = [key for key, source in sources.items() if source["document"] == document_name]
    names = itertools.chain([name], map(f"{name}-{{}}".format, itertools.count(2)))
    return ours[0] if ours else next(one for one in names if one not in sources)


def require_meaning(text: str, file: str, wanted: Any, by_hand: str) -> Document:
    """See that an edited text means what it should: YAML has forms that editing does not foresee.

    Args:
        text: The edited card.
        file: Its path.
        wanted: What it should mean.
        by_hand: What a person can do instead.

    Raises:
        RejectedError: It means something else.
    """
    found = document.parse(text.encode(), file)
    if isinstance(found, Problem) or found.value != wanted:
        raise RejectedError(f"{file}: written in a way that it cannot be added to", hint=by_hand)
    return found


def write(path: Path, text: str) -> None:
    """Put the text into the card's place, whole; a link stays one, and the file's rights stay as they are.

    Raises:
        UnavailableError: It cannot be written.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
        write_atomically(path.resolve(), text.encode(), mode=mode)
    except OSError as error:
        raise UnavailableError(
            f"{path}: cannot be written: {error.strerror or error}", hint="see to free space and rights there"
        ) from None
