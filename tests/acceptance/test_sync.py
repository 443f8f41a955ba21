"""`zoo sync`: the whole catalogue in the real MLflow, again and again the same."""

from __future__ import annotations

import math
import os
import signal
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.world import Cards, Result, Zoo, assert_says, model_bytes, pinned, unpinned
from tests.mlflow_server import mlflow_process, mlflow_server
from tests.postgres import postgres, programs
from tests.unit import builders

# MLflow's own, of the client that looks at what came of it
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")

SMALL = model_bytes(5000, 1)


@pytest.fixture
def catalogue(cards: Cards, zoo: Zoo) -> Cards:
    """Two models of `acme`, one of them without a digest."""
    for name in [name for name in zoo.environment if name.startswith("MLFLOW_")]:
        del zoo.environment[name]
    measured = [builders.metric(0.7, protocol="unstated"), builders.metric(0.6, protocol="voc")]
    cards.card(pinned("small", SMALL, metrics=measured, latencies=[builders.latency(12.0)]), unpinned("large"))
    cards.card(unpinned("other"), model="wide.net")
    return cards


def synced(zoo: Zoo, *options: str) -> dict[str, Any]:
    result = zoo("sync", "--format", "json", *options)
    assert result.code == 0, result
    found = result.json()
    assert isinstance(found, dict)
    return {key: value for key, value in found.items() if key != "tracking"}


def counts(**changes: int) -> dict[str, int]:
    return {"new": 0, "changed": 0, "unchanged": 0, "gone": 0, "aliases": 0, "records": 0, "linked": 0} | changes


def client_of(zoo: Zoo) -> Any:
    return client_at(f"sqlite:///{zoo.home}/.local/share/zoo/mlflow.db")


def client_at(uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def versions(client: Any) -> dict[str, Any]:
    """Versions by variant; no variant has two that are current."""
    current = [one for one in client.search_model_versions() if one.tags["zoo.presence"] == "current"]
    assert max(Counter(one.tags["zoo.variant"] for one in current).values()) == 1
    return {one.tags["zoo.variant"]: one for one in current}


def test_a_catalogue_that_changes_is_followed(zoo: Zoo, catalogue: Cards) -> None:
    assert synced(zoo) == counts(new=3, aliases=1)
    assert synced(zoo) == counts(unchanged=3)

    client = client_of(zoo)
    models = {one.name: one for one in client.search_registered_models()}
    assert set(models) == {"acme.net", "acme.wide.net"}
    small = versions(client)["acme/net/small"]
    assert {name: str(number) for name, number in models["acme.net"].aliases.items()} == {
        "board": str(small.version)
    }
    assert models["acme.wide.net"].aliases == {}  # nothing there can be verified
    assert small.tags["zoo.format"] == "tflite"
    assert small.tags["zoo.targets"] == "board (measured)"
    assert small.tags["zoo.figures"] == "claimed, stated"
    run = client.get_run(small.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["quantization"] == "float32"
    unstated = builders.metric(0.7)
    name = f"mean-iou/{unstated['dataset']}/{unstated['split']}"
    assert run.data.metrics[f"{name}/unstated-by-acme"] == 0.7
    assert run.data.metrics[f"{name}/voc"] == 0.6
    assert run.data.metrics["latency-ms/board"] == 12.0
    assert run.data.tags[f"zoo.source.{name}/voc"].startswith("claimed: ")

    # a figure is corrected and another withdrawn; a variant is dropped; a model file changes
    better = [builders.metric(0.65, protocol="voc")]
    catalogue.card(pinned("small", SMALL, metrics=better, latencies=[builders.latency(12.0)]))
    catalogue.card(pinned("other", model_bytes(6000, 2)), model="wide.net")
    assert synced(zoo) == counts(new=1, changed=1, gone=2, aliases=1)
    assert versions(client)["acme/net/small"].version == small.version
    after = client.get_run(small.run_id).data
    assert after.metrics[f"{name}/voc"] == 0.65
    assert math.isnan(after.metrics[f"{name}/unstated-by-acme"])
    assert f"zoo.source.{name}/unstated-by-acme" not in after.tags
    presence = {(one.tags["zoo.variant"], one.tags["zoo.presence"]) for one in client.search_model_versions()}
    assert presence >= {("acme/net/large", "gone"), ("acme/wide.net/other", "replaced")}
    assert str(client.get_model_version_by_alias("acme.wide.net", "board").version) == "2"

    # what comes back is current again; an alias for which nothing is left goes, a user's own stays
    client.set_registered_model_alias("acme.wide.net", "mine", "1")
    catalogue.card(pinned("small", SMALL, metrics=better), unpinned("large"))
    catalogue.card(unpinned("other"), model="wide.net")
    assert synced(zoo) == counts(changed=3, gone=1, aliases=1)
    assert set(versions(client)) == {"acme/net/small", "acme/net/large", "acme/wide.net/other"}
    assert client.get_registered_model("acme.wide.net").aliases.keys() == {"mine"}

    # what others deleted comes back when all is compared, and the runs of it are those that there were
    before = len(client.search_runs(["1"]))
    client.delete_registered_model("acme.net")
    assert synced(zoo) == counts(unchanged=3)
    assert synced(zoo, "--whole") == counts(new=2, unchanged=1, aliases=1)
    assert len(client.search_runs(["1"])) == before


def test_a_server_that_dies_in_the_middle_is_completed_without_duplicates(shipped: Zoo, tmp_path: Path) -> None:
    database = tmp_path / "served.db"
    with mlflow_process(tmp_path) as (address, group):
        running = shipped.start("sync", "--tracking", address)
        with closing(sqlite3.connect(database, timeout=60)) as connection:
            while connection.execute("SELECT count(*) FROM model_versions").fetchone()[0] < 5:
                assert running.poll() is None, shipped.finish(running)
        os.killpg(group, signal.SIGKILL)
        result = shipped.finish(running)
    assert result.code == 3, result
    assert_says(result, "no answer from the tracking server", "next:")
    with mlflow_server(tmp_path) as address:
        done = synced(shipped, "--tracking", address)
        assert 0 < done["unchanged"] < done["unchanged"] + done["new"] + done["changed"]
        assert synced(shipped, "--tracking", address) == counts(unchanged=sum(done[key] for key in WRITTEN))
        client = client_at(address)
        names = [one.info.run_name for one in client.search_runs(["1"], max_results=1000)]
        assert len(names) == len(set(names)) == len(versions(client)) == sum(done[key] for key in WRITTEN)


WRITTEN = ("new", "changed", "unchanged")


@pytest.mark.server
def test_a_server_with_postgresql_behind_it_is_the_same(zoo: Zoo, catalogue: Cards, tmp_path: Path) -> None:
    installed = programs()
    if installed is None:
        pytest.skip("needs the Debian package postgresql")
    with postgres(installed) as database, mlflow_server(tmp_path, database) as address:
        assert synced(zoo, "--tracking", address) == counts(new=3, aliases=1)
        assert synced(zoo, "--tracking", address) == counts(unchanged=3)
        assert synced(zoo, "--tracking", address, "--whole") == counts(unchanged=3)
        catalogue.card(pinned("small", SMALL, metrics=[builders.metric(0.5)]))
        assert synced(zoo, "--tracking", address) == counts(changed=1, unchanged=1, gone=1)
        client = client_at(address)
        assert set(versions(client)) == {"acme/net/small", "acme/wide.net/other"}
        assert client.get_model_version_by_alias("acme.net", "board").tags["zoo.variant"] == "acme/net/small"


def test_what_waits_is_delivered(zoo: Zoo, catalogue: Cards) -> None:
    program = f"""
import pathlib
from registry.lineage import Address, Spool
from tests.unit.lineage.records import record
data = pathlib.Path({str(zoo.home / ".local/share/zoo")!r})
Spool(data / "spool").keep(record(), {{}}, Address.parse(f"sqlite:///{{data}}/mlflow.db", data / "artifacts"))
"""
    import subprocess

    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root)
    assert synced(zoo)["records"] == 1
    assert synced(zoo)["records"] == 0


def ended(result: Result, code: int, *pieces: str) -> None:
    assert result.code == code, result
    assert_says(result, *pieces)


def test_addresses_that_cannot_be_synced(zoo: Zoo, catalogue: Cards) -> None:
    ended(zoo("sync", "--tracking", "mlruns"), 2, "MLflow refuses")
    dead = "http://ann:pa55@127.0.0.1:9"
    unanswered = zoo("sync", "--tracking", dead)
    ended(unanswered, 3, "no answer from the tracking server")
    assert "pa55" not in unanswered.err
    ended(zoo("sync", "--tracking", dead, "--offline"), 3, "offline, so nothing is sent")
