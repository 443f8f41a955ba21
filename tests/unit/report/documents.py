"""Documents of evaluations, as `zoo eval --format json` prints them, and a reader of pages."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

VOID_TAGS = {"meta", "img", "br", "hr", "link", "input"}


def scores(confusion: Sequence[Sequence[int]] | None, class_iou: Sequence[float | None]) -> dict[str, Any]:
    figures = dict.fromkeys(("mean-iou", "pixel-accuracy", "mean-accuracy", "frequency-weighted-iou"), 0.5)
    return {**figures, "class-iou": list(class_iou), "confusion": confusion, "images": 2, "empty": 0}


CONFUSION = [[90, 10, 0], [5, 15, 0], [0, 0, 0]]
"""Class 2 never occurs."""


def document(**changes: Any) -> dict[str, Any]:
    """An evaluation of three classes under all protocols."""
    by_voc, by_image = [90 / 105, 15 / 30, None], [0.8, 0.4, None]
    return {
        "variant": "acme/net/small",
        "artifact": "a" * 64,
        "dataset": "shapes",
        "split": "val",
        "images": "b" * 64,
        "preprocessing": "c" * 64,
        "runtime": {"name": "litert", "version": "2.3.0", "threads": 2},
        "host": {"machine": "x86_64", "system": "Linux"},
        "samples": 2,
        "bad": [{"image": "torn", "reason": "is cut short"}],
        "latency_ms": {"p50": 1.25, "max": 2.0},
        "protocols": {
            "voc": scores(CONFUSION, by_voc),
            "st-present-classes": scores(None, by_image),
            "per-image": scores(None, by_image),
            "ti-global": scores(CONFUSION, [90 / 105, 15 / 30, 0.0]),
        },
        "check": None,
        **changes,
    }


class Page(HTMLParser):
    """What a browser would find in a page.

    Attributes:
        tags: Names and attributes of the elements, in order.
        texts: Texts between them, blanks reduced.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if text := " ".join(data.split()):
            self.texts.append(text)

    @property
    def text(self) -> str:
        """All text in one line."""
        return " ".join(self.texts)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of all elements of a name."""
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def skeleton(self) -> list[tuple[str, tuple[str, ...]]]:
        """Elements with the names of their attributes."""
        return [(tag, tuple(attributes)) for tag, attributes in self.tags]

    def assert_self_contained(self) -> None:
        """Nothing is asked of any place: no script, no link, images inside the page, and a policy that says so."""
        names = {tag for tag, _attributes in self.tags}
        assert names.isdisjoint(
            {"script", "link", "iframe", "object", "embed", "base", "form", "a", "audio", "video"}
        )
        for tag, attributes in self.tags:
            for name, value in attributes.items():
                assert name not in ("href", "xlink:href", "srcset", "action", "data", "poster"), (tag, name)
                assert not name.startswith("on"), (tag, name)
                assert "url(" not in (value or ""), (tag, name)
                if name == "src":
                    assert (value or "").startswith(("data:image/png;base64,", "data:image/jpeg;base64,")), value
        styles = self.rawstyle()
        assert "url(" not in styles
        assert "@import" not in styles
        policies = [one["content"] for one in self.of("meta") if one.get("http-equiv") == "Content-Security-Policy"]
        assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]

    def rawstyle(self) -> str:
        """Text of the style sheet."""
        return next(text for text in self.texts if text.startswith(":root"))
