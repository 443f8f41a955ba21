"""A run of `zoo deploy`: from words on the command line to a proven subject, and to its package."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import places, pull_report, registries
from cli.golden_files import Files
from cli.model_file import graph_of, located, meant, model_artifact, next_best, settings_of, variant_of
from cli.session import open_catalog
from registry.errors import MismatchError, RejectedError, RequestError, UnavailableError

if TYPE_CHECKING:
    from registry.card import Variant
    from registry.deploy import Deployed
    from registry.deployment.base import Adapter, GoldenBytes, Subject
    from registry.digest import Digest
    from registry.facts import Facts
    from registry.fit import Fit
    from registry.footprint import Footprint
    from registry.target import Target

_ENDINGS = {".card.yaml": "card", ".licence.txt": "licence"}


class DeploymentRun:
    """What a run needs, found by the words of the command.

    Attributes:
        settings, voice: Of the command.
        target: Where the model goes.
        adapter: What makes its package.
    """

    def __init__(self, what: str, options: Mapping[str, Any]) -> None:
        from registry.deployment import adapter_for

        self.settings, self.voice = settings_of(options)
        self._options = options
        self._catalog = open_catalog(self.settings, self.voice)
        wanted = options["target"] or self.settings.target
        if wanted is None:
            raise RequestError("no target is named", hint="--target NAME; `zoo targets` lists them")
        self.target: Target = self._catalog.target(wanted)
        self.adapter: Adapter = adapter_for(self.target.name)
        self._path, self._card = self._found(what)

    def deploy(self) -> Deployed:
        """Make the package and write it."""
        from registry.deploy import deploy
        from registry.deployment.toolbox import Machine

        subject = self._subject()
        folder = self._options["folder"] or Path("deploy", self.target.name, subject.name)
        # where pip puts the commands of packages, whether or not its environment is active
        return deploy(subject, self.adapter, Machine([Path(sys.executable).parent]), folder)

    def _found(self, what: str) -> tuple[Path, Variant | None]:
        """The file, and the variant whose card tells of it."""
        found, card = meant(what, self.settings, self.voice), self._options["card"]
        if isinstance(found, Path):
            return found, variant_of(found, card, self.settings, self.voice)
        if card is not None:
            raise RequestError("--as goes with a file, not with a name", hint="leave it out")
        variant = found[0] if len(found) == 1 else self._chosen(what, found)
        return located(variant.full_name, self.settings, self.voice)

    def _chosen(self, what: str, variants: list[Variant]) -> Variant:
        """What `zoo pull` would choose of several variants for the target."""
        from registry.constraints import Constraints
        from registry.resolve import resolve

        held = places.held(self.settings, variants)
        found = resolve(variants, self.target, Constraints(), self.settings.prefer, held=held)
        if found.chosen is None:
            why = f"`zoo pull {what} --target {self.target.name} --why --dry-run` shows every candidate"
            raise RejectedError(pull_report.nothing(what, f" for {self.target.name}", found).message, hint=why)
        self.voice.note(f"chosen for {self.target.name}: {found.chosen.full_name}")
        return found.chosen

    def _subject(self) -> Subject:
        """All that an adapter needs, proven.

        Raises:
            RejectedError: It does not fit, is no segmentation of one image, or has other bytes than its card.
            UnavailableError: Something of it cannot be had.
        """
        from registry import runtime
        from registry.deployment.base import Subject
        from registry.deployment.ports import image_ports
        from registry.facts import Facts
        from registry.footprint import plan
        from registry.preparation import preparation_of

        facts = Facts(graph_of(self._path, self._card))
        runtime.require_harmless(self._path, facts.graph)
        variant, digest = self._own_variant()
        footprint = plan(facts.graph)
        fit = self._fit(facts, footprint, variant)
        inputs, outputs = image_ports(facts.graph)
        return Subject(
            name=package_name(variant, self._path),
            variant=variant,
            path=self._path,
            digest=digest,
            facts=facts,
            footprint=footprint,
            target=self.target,
            fit=fit,
            inputs=inputs,
            outputs=outputs,
            preparation=preparation_of(inputs[0], facts.graph, self._card, self._options.get("preprocessing")),
            labels=self._labels(facts),
            golden=self._golden(variant) if variant else (),
            texts=self._texts(variant) if variant else {},
            alternatives=self._alternatives(),
        )

    def _own_variant(self) -> tuple[Variant | None, Digest]:
        """The variant if the file is its own; one that --as names speaks of another file, but of the same use."""
        from registry.digest import Digest

        digest = Digest.of_file(self._path)
        variant = self._card
        expected = model_artifact(variant).digest if variant else None
        if variant is None or expected == digest:
            return variant, digest
        if self._options["card"] is None:
            raise MismatchError(
                str(self._path), expected=str(expected), found=str(digest), hint="`zoo repair` mends"
            )
        self.voice.note(f"{self._path} is not the file of {variant.full_name}: only its use is taken from there")
        return None, digest

    def _fit(self, facts: Facts, footprint: Footprint, variant: Variant | None) -> Fit:
        from registry.deploy import refusal
        from registry.fit import fit

        found = fit(facts, footprint, self.target, variant)
        if found.verdict == "no":
            name = variant.full_name if variant else str(self._path)
            raise refusal(name, found, next_best(self._catalog, self._card, self.target))
        return found

    def _alternatives(self) -> tuple[Variant, ...]:
        """Other variants of the family whose bytes can be proven."""
        if self._card is None:
            return ()
        family = self._catalog.variants(self._catalog.find(self._card.family))
        return tuple(one for one in family if one.pinned and one.full_name != self._card.full_name)

    def _labels(self, facts: Facts) -> tuple[str, ...]:
        named = self._catalog.class_names(self._card) if self._card else ()
        return tuple(named or facts.labels)

    def _golden(self, variant: Variant) -> tuple[GoldenBytes, ...]:
        """The golden vectors; none where they cannot be had, which the package says."""
        from registry.deployment.base import GoldenBytes

        files = Files(self.settings, self.voice, None)
        try:
            contents = {one.file: files.golden(variant, one) for one in variant.golden_files}
        except UnavailableError as error:
            self.voice.note(f"without golden vectors: {error.message}")
            return ()
        return tuple(
            GoldenBytes(one, contents[one.input.file], contents[one.output.file]) for one in variant.golden
        )

    def _texts(self, variant: Variant) -> dict[str, tuple[str, bytes]]:
        """Card and licence note as `zoo pull` writes them, named after the package."""
        choice = registries.choice_of(self.settings, self._catalog, variant)
        name = package_name(variant, self._path)
        return {
            role: (name + ending, content)
            for file, content in registries.documents_of(choice, self._catalog).items()
            for ending, role in _ENDINGS.items()
            if file.endswith(ending)
        }


def package_name(variant: Variant | None, path: Path) -> str:
    """A name that serves as a folder's: of the variant, else of the file, whatever stands in that."""
    whole = f"{variant.model}-{variant.name}" if variant else path.stem
    return re.sub(r"[^A-Za-z0-9._-]+", "-", whole)[:100].strip("-._") or "model"
