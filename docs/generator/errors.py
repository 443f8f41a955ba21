"""`exit-codes.md`, from the errors that end a command, and `errors.md`, from the rule book."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

from cli.main import BUG, EXIT_CODES, INTERRUPTED
from docs.generator.commands import every_command
from docs.generator.markdown import anchor, code, link, page, prose, table
from docs.generator.rules import origins
from registry.rulebook import CHAPTERS
from registry.rulebook.explanation import Explanation

_MENTION = re.compile(r"exit codes?\b", re.IGNORECASE)


def exit_codes() -> str:
    """The page of exit codes."""
    intro = (
        "Every command ends with one of these. Programs can rely on them; what was wrong stands on standard error, "
        "with the next step."
    )
    rows = [("0", "Done, or yes.")]
    rows += [(str(number), inspect.getdoc(kind) or "") for kind, number in EXIT_CODES.items()]
    rows += [
        (str(BUG), "A bug: the traceback is on standard error and wants to be reported."),
        (str(INTERRUPTED), "Interrupted, as by Ctrl-C; nothing half-written is ever taken for a model."),
    ]
    by_command = [(f"[`{path}`](commands.md#{anchor(path)})", prose(told)) for path, told in _told()]
    own = "What they say of a command, where its help is more exact:"
    parts = (table(("Code", "Meaning"), rows), "## By command", own, table(("Command", "Exit codes"), by_command))
    return page("Exit codes", intro, *parts)


def _told() -> Iterator[tuple[str, str]]:
    """Commands with what their help says of exit codes."""
    for path, command in every_command():
        text = " ".join((command.epilog or "").replace("\b", "").split())
        sentences = [one for one in re.split(r"(?<=\.)\s+(?=[A-Z`-])", text) if _MENTION.search(one)]
        if sentences:
            yield path, " ".join(sentences)


def errors() -> str:
    """The error catalogue."""
    intro = """\
Every problem and every finding names its rule in brackets, as in

    cards/acme/net.yaml:12:9: error: 'scheme' is not one of the allowed values [enum]

This page has each rule: what was found, why it matters, and what to do. The address of a rule is this page with `#`
and the rule in lower case; reports carry it."""
    parts = [intro, "\n".join(f"- {link(chapter.title)}" for chapter in CHAPTERS)]
    for chapter in CHAPTERS:
        rows = [(link(rule, code(rule)), prose(told.title)) for rule, told in chapter.rules.items()]
        parts += [
            f"## {chapter.title}",
            f"Told by: {prose(chapter.told_by)}",
            table(("Rule", "What is wrong"), rows),
        ]
        parts += [_explained(rule, told) for rule, told in chapter.rules.items()]
    return page("Errors and findings", *parts)


def _explained(rule: str, told: Explanation) -> str:
    found = ", ".join(f"[{code(file)}](../../{file})" for file in origins().get(rule, ()))
    raised = f"\n\nRaised in {found}." if found else ""
    return (
        f"### {rule}\n\n**{prose(told.title)}.** {prose(told.meaning)}\n\nWhat to do: {prose(told.remedy)}{raised}"
    )
