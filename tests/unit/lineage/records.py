"""Records for tests."""

from __future__ import annotations

from typing import Any

from registry.digest import Digest
from registry.lineage import DatasetInput, Metric, Record


def record(**changes: Any) -> Record:
    """A small record."""
    usual: dict[str, Any] = {
        "kind": "evaluation",
        "experiment": "acme/net",
        "name": "small on shapes val",
        "started": 1_700_000_000_000,
        "ended": 1_700_000_060_000,
        "subjects": {"artifact": Digest.of(b"model"), "images": Digest.of(b"list")},
        "params": {"threads": "2", "runtime": "litert"},
        "metrics": (Metric("voc/mean-iou", 0.75), Metric("loss", 2.0, 0), Metric("loss", 1.0, 1)),
        "tags": {"variant": "acme/net/small", "commit": "c0ffee"},
        "datasets": (DatasetInput("shapes", Digest.of(b"list"), "val"),),
    }
    return Record(**(usual | changes))
