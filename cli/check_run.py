"""A run of `zoo check`: from words on the command line to documents, law and tools."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import places, registries
from cli.model_file import settings_of
from cli.session import PROJECT_FILE, card_folders
from registry.errors import RequestError

if TYPE_CHECKING:
    from registry.admission import Admission
    from registry.check import Tools
    from registry.submission.report import Report
    from registry.submission.revision import Revision
    from registry.submission.study import Law, Question

SAMPLE = 100
"""Images of a split on which a figure is measured again, unless all are asked for."""


class CheckRun:
    """What a run needs, found by the words of the command.

    Attributes:
        settings, voice: Of the command.
        policy: What is asked of the submission.
        folders: Of pictures, by dataset.
    """

    def __init__(self, paths: Sequence[Path], options: Mapping[str, Any]) -> None:
        self.settings, self.voice = settings_of(options)
        self._options = options
        self._paths = list(paths) or [Path(folder) for folder in card_folders(self.settings)]
        self.policy: Admission = self.settings.policy
        self.folders = self._pictures(self.settings.data)

    def judge(self) -> Report:
        """Judge what was asked for.

        Raises:
            RequestError: A path, a revision or a folder does not exist.
            UnavailableError: Git cannot tell what changed.
        """
        from registry import __version__
        from registry.consistency import find_documents, find_links
        from registry.submission.report import Report

        started = time.monotonic()
        against, documents = self._options["against"], find_documents(self._paths)
        chosen, unchanged = [*documents, *find_links(self._paths)], 0
        revision = self._revision(against) if against is not None else None
        before: dict[Path, bytes] = {}
        if revision is not None:
            chosen, before = self._changed(documents, revision)
            unchanged = len(set(documents) - set(chosen))
        questions = [self._question(path, before.get(path), against) for path in chosen]
        entries = self._entries(questions) if questions else ()
        return Report(entries, unchanged, against, __version__, time.monotonic() - started)

    def _pictures(self, data: Mapping[str, str]) -> dict[str, Path]:
        """Folders of the settings, and those of the command, which win."""
        return {name: Path(folder) for name, folder in data.items()} | _folders(self._options["data"])

    def _entries(self, questions: Sequence[Question]) -> Any:
        from registry.check import check

        roots = _roots(questions, [Path(folder) for folder in card_folders(self.settings)])
        tools = self._tools(roots)
        try:
            return check(questions, self._law(questions, roots), tools, self.voice)
        finally:
            if tools.measure is not None:
                tools.measure.close()

    def _revision(self, words: str) -> Revision:
        from registry.submission.revision import Revision

        first = self._paths[0]
        return Revision(first if first.is_dir() else first.parent, words)

    def _changed(self, documents: Sequence[Path], revision: Revision) -> tuple[list[Path], dict[Path, bytes]]:
        """Documents that changed, the removed ones too, and what those had that were there before."""
        from registry.submission.revision import located, touched

        project = Path(PROJECT_FILE).resolve()
        if project.is_relative_to(revision.top) and revision.changed([project]):
            self._keep_law(revision, project)
        self._leave_out_pictures(revision)
        chosen = touched(documents, revision.changed([path.resolve() for path in self._paths]))
        resolved = {path: located(path) for path in chosen}
        contents = revision.contents(list(resolved.values()))
        return chosen, {path: data for path, data in zip(chosen, contents, strict=True) if data is not None}

    def _keep_law(self, revision: Revision, project: Path) -> None:
        """No submission chooses the law that it is judged by: the revision's holds until it is merged."""
        from registry import settings

        (then,) = revision.contents([project])
        text = "" if then is None else then.decode("utf-8", "replace")
        self.policy, data = settings.as_of(self.settings, PROJECT_FILE, text)
        self.folders = self._pictures(data)
        self.voice.note(f"{PROJECT_FILE} changed: [policy] and [data] are those of {revision.words}")

    def _leave_out_pictures(self, revision: Revision) -> None:
        """No submission brings the pictures either: what a runner puts beside the repository is in no commit."""
        for name, folder in list(self.folders.items()):
            place = folder.resolve()
            if place.is_relative_to(revision.top) and revision.changed([place], untracked=False):
                del self.folders[name]
                self.voice.note(f"{folder}: these pictures of {name} changed, so nothing is measured again on them")

    def _question(self, path: Path, before: bytes | None, against: str | None) -> Question:
        from registry.submission.study import Question

        published = [(str(against), before)] if before is not None else []
        for root in registries.card_roots(self.settings):
            card = Path(root, path.parent.name, path.name)
            if card.is_file() and path.exists():
                published.append(("a registry", card.read_bytes()))
        return Question(path, tuple(published))

    def _law(self, questions: Sequence[Question], roots: Sequence[Path]) -> Law:
        from registry.consistency import gather_context
        from registry.submission.study import Law

        context = gather_context(roots, [one.path for one in questions])
        return Law(context, self.policy, tuple(roots))

    def _tools(self, roots: Sequence[Path]) -> Tools:
        from cli.measure_again import Pictures
        from registry.check import Tools
        from registry.submission.shelf import Shelf

        obtainer = places.make_obtainer(self.settings, self.voice, beside=[str(root) for root in roots])
        rerun = self._options["rerun"] or self.policy.rerun
        if rerun == "never":
            return Tools(obtainer, None, required=False)
        sample = None if self._options["full"] else self._options["sample"]
        measure = Pictures(self.folders, sample, Shelf(roots), self.voice)
        return Tools(obtainer, measure, required=rerun == "required")


def _roots(questions: Sequence[Question], catalogue: Sequence[Path]) -> list[Path]:
    """Folders of cards: those of the submission first."""
    own = [one.path.parent.parent for one in questions]
    return list(dict.fromkeys([*own, *catalogue]))


def _folders(stated: Sequence[str]) -> dict[str, Path]:
    """Folders of `NAME=FOLDER`.

    Raises:
        RequestError: One has another form, or is no folder.
    """
    found = {}
    for one in stated:
        name, equals, folder = one.partition("=")
        if not equals or not name or not Path(folder).is_dir():
            raise RequestError(
                f"--data {one}: expected NAME=FOLDER with a folder that is there",
                hint="such as --data pascal-voc-2012=VOCdevkit/VOC2012",
            )
        found[name] = Path(folder)
    return found
