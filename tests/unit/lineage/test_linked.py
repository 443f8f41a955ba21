from __future__ import annotations

from pathlib import Path

import pytest

from registry.digest import Digest
from registry.lineage import Address, Connection, Spool, Tracker
from registry.lineage.claimed import Entry, Model
from registry.lineage.linked import MADE_BY, link
from registry.lineage.registered import Registered
from registry.progress import Silent
from tests.unit.lineage.records import record

pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")

DIGEST = Digest.of(b"net.tflite")


def test_a_version_names_the_run_that_made_its_file(tmp_path: Path) -> None:
    connection = Connection(Address.parse(f"sqlite:///{tmp_path}/runs.db", tmp_path), {})
    assert link(connection) == 0
    made = Entry("acme/net/small", "acme.net", {"digest": DIGEST.hex}, {}, {}, "Small.")
    other = Entry("acme/net/other", "acme.net", {"digest": "unpinned"}, {}, {}, "Other.")
    Registered(connection).bring("1", [made, other], [Model("acme.net", "Net.", {}, {})], [], Silent())
    assert link(connection) == 0

    tracker, spool = Tracker(connection), Spool(tmp_path / "spool")
    spool.keep(record(name="made", subjects={"output.model": DIGEST}, files=()), {}, tracker.address)
    spool.keep(record(name="measured", subjects={"artifact": DIGEST}, files=()), {}, tracker.address)
    runs = {one.run.run for one in spool.deliver(tracker) if one.run}
    assert len(runs) == 2
    assert link(connection) == 1
    assert link(connection) == 0
    with connection.session() as client:
        found = {one.tags["zoo.variant"]: one.tags.get(MADE_BY) for one in client.search_model_versions()}
        assert client.get_run(found["acme/net/small"]).info.run_name == "made"
    assert found["acme/net/other"] is None
