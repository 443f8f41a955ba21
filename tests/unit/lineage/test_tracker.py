"""Records, the spool and the tracker with the real MLflow on SQLite."""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from registry.digest import Digest
from registry.errors import RejectedError, RequestError, UnavailableError
from registry.lineage import Address, Connection, Spool, Tracker
from registry.lineage.failure import failure, without_secrets
from registry.lineage.spool import tree
from tests.unit.lineage.records import record


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One database for the module: making its tables takes seconds."""
    return tmp_path_factory.mktemp("tracking")


@pytest.fixture(scope="module")
def address(folder: Path) -> Address:
    return Address.parse(f"sqlite:///{folder}/runs.db", folder / "unused")


@pytest.fixture(scope="module")
def tracker(address: Address) -> Tracker:
    return Tracker(Connection(address, {}))


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture(scope="module")
def client(tracker: Tracker) -> Any:
    """MLflow's own client, warmed up by a first record."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        tracker.log(record(name="first"), Path("/nowhere"))
        return tracker._connection._open()


def runs(client: Any, experiment: str) -> list[Any]:
    found = client.get_experiment_by_name(experiment)
    return list(client.search_runs([found.experiment_id])) if found else []


def test_a_run_has_what_its_record_has(spool: Spool, tracker: Tracker, client: Any, tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("<p>page</p>")
    files: dict[str, Path | bytes] = {"evaluation.json": b"{}", **tree(tmp_path / "report", "report")}
    kept = spool.keep(record(experiment="acme/whole"), files, tracker.address)
    (delivery,) = spool.deliver(tracker)
    assert delivery.run is not None
    (run,) = runs(client, "acme/whole")
    assert run.info.run_id == delivery.run.run
    assert (run.info.run_name, run.info.status) == ("small on shapes val", "FINISHED")
    assert (run.info.start_time, run.info.end_time) == (kept.started, kept.ended)
    assert run.data.params == kept.params
    assert run.data.metrics == {"voc/mean-iou": 0.75, "loss": 1.0}
    assert [one.value for one in client.get_metric_history(run.info.run_id, "loss")] == [2.0, 1.0]
    assert run.data.tags["zoo.record"] == kept.digest.hex == delivery.record
    assert run.data.tags["zoo.artifact"] == Digest.of(b"model").hex
    assert run.data.tags["zoo.variant"] == "acme/net/small"
    assert run.data.tags["mlflow.source.git.commit"] == "c0ffee"
    (dataset,) = run.inputs.dataset_inputs
    assert (dataset.dataset.name, dataset.tags[0].value) == ("shapes", "val")
    assert Digest.of(b"list").hex.startswith(dataset.dataset.digest)
    stored = client.download_artifacts(run.info.run_id, "report/index.html", str(tmp_path))
    assert Path(stored).read_text() == "<p>page</p>"
    assert spool.waiting(tracker.address) == []


def test_a_record_that_is_kept_or_delivered_twice_is_one_run(spool: Spool, tracker: Tracker, client: Any) -> None:
    one = record(experiment="acme/twice")
    assert spool.keep(one, {}, tracker.address) == spool.keep(one, {}, tracker.address)
    (delivered,) = spool.deliver(tracker)
    first = delivered.run
    spool.keep(one, {}, tracker.address)
    second = spool.deliver(tracker)[0].run
    assert first is not None
    assert second is not None
    assert (first.run, first.new, second.new) == (second.run, True, False)
    assert len(runs(client, "acme/twice")) == 1


def test_a_run_that_was_left_half_way_is_completed(spool: Spool, tracker: Tracker, client: Any) -> None:
    kept = spool.keep(record(experiment="acme/half"), {"a.txt": b"a"}, tracker.address)
    experiment = client.create_experiment("acme/half", artifact_location=tracker.address.artifacts)
    left = client.create_run(experiment, tags={"zoo.record": kept.digest.hex})
    client.log_metric(left.info.run_id, "voc/mean-iou", 0.75, timestamp=kept.ended)
    spool.deliver(tracker)
    (run,) = runs(client, "acme/half")
    assert (run.info.run_id, run.info.status) == (left.info.run_id, "FINISHED")
    assert run.data.params == kept.params
    assert len(client.get_metric_history(run.info.run_id, "voc/mean-iou")) == 1
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["a.txt"]


def test_more_parameters_and_metrics_than_mlflow_takes_at_once(tracker: Tracker, client: Any) -> None:
    params = {f"p{number}": str(number) for number in range(230)}
    tracker.log(record(experiment="acme/many", params=params), Path("/nowhere"))
    assert runs(client, "acme/many")[0].data.params == params


def test_what_mlflow_refuses_stays_and_does_not_stop_the_others(
    spool: Spool, tracker: Tracker, client: Any
) -> None:
    wrong = spool.keep(record(experiment="acme/bad", params={"what?|": "x"}), {}, tracker.address)
    right = spool.keep(record(experiment="acme/good"), {}, tracker.address)
    found = {one.record: one for one in spool.deliver(tracker)}
    refused = found[wrong.digest.hex].refused
    assert refused is not None
    assert "MLflow does not take the record" in refused.message
    assert found[right.digest.hex].run is not None
    assert spool.waiting(tracker.address) == [wrong.digest.hex]
    assert len(runs(client, "acme/good")) == 1


def test_a_damaged_file_of_the_spool_is_not_logged(spool: Spool, tracker: Tracker, client: Any) -> None:
    kept = spool.keep(record(experiment="acme/damaged"), {"a.txt": b"a"}, tracker.address)
    item = spool.folder / tracker.address.key / kept.digest.hex
    (item / "files" / "a.txt").write_bytes(b"b")
    assert "expected sha256:" in str(spool.deliver(tracker)[0].refused)
    (item / "files" / "a.txt").unlink()
    assert "gone" in str(spool.deliver(tracker)[0].refused)
    (item / "record.json").write_text("{")
    assert "not JSON" in str(spool.deliver(tracker)[0].refused)
    assert runs(client, "acme/damaged") == []


def test_a_deleted_experiment_is_told(tracker: Tracker, client: Any) -> None:
    tracker.log(record(experiment="acme/deleted"), Path("/nowhere"))
    client.delete_experiment(client.get_experiment_by_name("acme/deleted").experiment_id)
    with pytest.raises(RejectedError, match="was deleted there") as caught:
        tracker.log(record(experiment="acme/deleted", name="new"), Path("/nowhere"))
    assert "mlflow experiments restore" in str(caught.value.hint)


def test_nothing_is_said_by_mlflow_itself(tmp_path: Path, client: Any, capfd: pytest.CaptureFixture[str]) -> None:
    fresh = Tracker(Connection(Address.parse(f"sqlite:///{tmp_path}/fresh.db", tmp_path), {}))
    fresh.log(record(), Path("/nowhere"))
    assert capfd.readouterr().out == ""


def test_another_file_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("these are notes, not a database" * 100)
    with pytest.raises(UnavailableError, match="not a database") as caught:
        Tracker(Connection(Address.parse(f"sqlite:///{tmp_path}/notes.db", tmp_path), {})).log(record(), tmp_path)
    assert "another file" in str(caught.value.hint)


def test_a_database_of_another_mlflow_is_told(tmp_path: Path, folder: Path, client: Any) -> None:
    (tmp_path / "old.db").write_bytes((folder / "runs.db").read_bytes())
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '000000000000'")
    connection.close()
    with pytest.raises(UnavailableError) as caught:
        Tracker(Connection(Address.parse(f"sqlite:///{tmp_path}/old.db", tmp_path), {})).log(record(), tmp_path)
    assert "mlflow db upgrade" in str(caught.value.hint)


def test_the_spool_keeps_no_credentials(spool: Spool) -> None:
    address = Address.parse("http://ann:pa55@127.0.0.1:9", spool.folder)
    kept = spool.keep(record(), {"a/b.json": b"{}"}, address)
    texts = [path.read_text() for path in spool.folder.rglob("*") if path.is_file()]
    assert any("127.0.0.1:9" in text for text in texts)
    assert "pa55" not in "".join(texts)
    item = spool.folder / address.key / kept.digest.hex
    assert json.loads((item / "record.json").read_text())["files"][0]["path"] == "a/b.json"


def test_a_spool_that_cannot_be_written_is_told(tmp_path: Path, address: Address) -> None:
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(UnavailableError, match="cannot be kept") as caught:
        Spool(tmp_path / "spool").keep(record(), {}, address)
    assert "XDG_DATA_HOME" in str(caught.value.hint)


def test_a_report_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="expected a file or folder"):
        tree(tmp_path / "missing", "missing")


def test_a_missing_mlflow_names_the_extra(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(UnavailableError, match="MLflow") as caught:
        Connection(address, {})
    assert caught.value.hint == "pip install 'edge-model-zoo[lineage]'"


def test_what_the_user_has_set_of_mlflow_stays(address: Address) -> None:
    environ = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "99"}
    Connection(address, environ)
    assert environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "99"
    assert environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "1"
    assert environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_messages_have_no_credentials_and_bugs_are_not_excused() -> None:
    address = Address.parse("http://ann:pa55@h:5000", Path("/srv"))
    text = without_secrets("http://ann:pa55@h:5000/ and\tpostgresql://bob:pa55@db\nmore", address)
    assert "pa55" not in text
    assert "more" not in text
    silent = failure(OSError("Max retries exceeded with url: /api (Read timed out. (read timeout=10))"), address)
    assert "http://h:5000: no answer from the tracking server: timed out" in str(silent)
    assert failure(KeyError("a bug"), address) is None
    assert failure(AttributeError("a bug"), address) is None
