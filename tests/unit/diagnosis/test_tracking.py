from __future__ import annotations

import json
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from registry.diagnosis.finding import Finding
from registry.diagnosis.tracking import examine_address, examine_spool
from registry.lineage import Address, Record, Spool
from tests import simulator as web
from tests.simulator import Simulator
from tests.unit.diagnosis.distributions import install, installed
from tests.unit.lineage.records import record


def examined(text: str, folder: Path, *, seconds: float = 30, offline: bool = False) -> Finding:
    found = examine_address(text, folder / "files", installed(folder), seconds, offline=offline)
    assert "s3cr3t" not in str(found)
    return found


def test_a_database_that_is_there(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "runs.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE any (value)")
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".db-shm"}
        found = examined(f"sqlite:///{tmp_path}/runs.db", tmp_path)
        assert (found.state, found.found) == ("ok", "a database that can be written")
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name in before} == before


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "runs.db").touch()
    assert examined(f"sqlite:///{tmp_path}/runs.db", tmp_path).state == "ok"


def test_one_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = examined(f"sqlite:///{tmp_path}/below/runs.db", tmp_path)
    assert (found.state, found.found) == ("ok", "not there: the first --track makes it")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [("text", "no SQLite database"), ("text/below", "cannot be read"), ("folder", "cannot be read")],
)
def test_a_path_that_can_be_no_database(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "text").write_text("not a database", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    found = examined(f"sqlite:///{tmp_path}/{name}", tmp_path)
    assert found.state == "fault"
    assert said in found.found


@pytest.mark.parametrize("text", ["file:///srv/mlruns", "./mlruns", "mlruns", "redis://x:s3cr3t@host/1", "http://"])
def test_addresses_that_mlflow_refuses(tmp_path: Path, text: str) -> None:
    found = examined(text, tmp_path)
    assert (found.subject, found.state) == ("address", "fault")
    assert found.advice


def test_a_server_that_is_well(tmp_path: Path, simulator: Simulator) -> None:
    simulator.route("/health", web.whole(b"OK"))
    simulator.route("/version", web.whole(b"3.4.0"))
    install(tmp_path, "mlflow", "3.17.0")
    found = examined(simulator.url.replace("//", "//ann:s3cr3t@"), tmp_path)
    assert (found.state, found.found) == ("ok", "answers, with MLflow 3.4.0")
    assert found.subject == f"address {simulator.url}"


def test_a_server_of_another_generation(tmp_path: Path, simulator: Simulator) -> None:
    simulator.route("/health", web.whole(b"OK"))
    simulator.route("/version", web.whole(b"2.22.1"))
    install(tmp_path, "mlflow", "3.17.0")
    found = examined(simulator.url, tmp_path)
    assert (found.state, found.command) == ("warning", "pip install 'mlflow==2.22.1'")


def test_a_version_that_is_none_never_becomes_a_command(tmp_path: Path, simulator: Simulator) -> None:
    simulator.route("/health", web.whole(b"OK"))
    simulator.route("/version", web.whole(b"2'; rm -r ~ #"))
    install(tmp_path, "mlflow", "3.17.0")
    found = examined(simulator.url, tmp_path)
    assert (found.state, found.command, found.found) == ("ok", "", "answers")


def test_a_server_that_does_not_tell_its_version(tmp_path: Path, simulator: Simulator) -> None:
    simulator.route("/health", web.whole(b"OK"))
    assert examined(simulator.url, tmp_path).found == "answers"


@pytest.mark.parametrize(("status", "state"), [(404, "fault"), (401, "note"), (400, "unknown")])
def test_a_server_that_does_not_help(tmp_path: Path, simulator: Simulator, status: int, state: str) -> None:
    simulator.route("/health", web.status(status))
    found = examined(simulator.url, tmp_path)
    assert found.state == state
    assert found.advice


def test_a_login_that_is_refused(tmp_path: Path, simulator: Simulator) -> None:
    simulator.route("/health", web.status(401))
    found = examined(simulator.url.replace("//", "//ann:s3cr3t@"), tmp_path)
    assert (found.state, found.found) == (
        "fault",
        "the login in the address is refused: the server answered HTTP 401 Unauthorized",
    )


def test_a_server_that_is_not_asked(tmp_path: Path, simulator: Simulator) -> None:
    found = examined(simulator.url, tmp_path, offline=True)
    assert (found.state, found.found) == ("note", "not asked: the network is off")
    assert simulator.count() == 0


def test_a_database_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = examined(f"postgresql://ann:s3cr3t@127.0.0.1:{port}/db", tmp_path)
    assert (found.state, found.found) == ("ok", f"127.0.0.1:{port} answers; login and tables were not tried")


def test_a_database_server_that_is_down(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = examined(f"mysql+pymysql://ann:s3cr3t@127.0.0.1:{free.getsockname()[1]}/db", tmp_path)
    assert found.state == "unknown"
    assert "refused" in found.found


def test_an_address_whose_host_others_know(tmp_path: Path) -> None:
    assert examined("databricks", tmp_path).state == "note"


def waiting(folder: Path, text: str) -> Record:
    return Spool(folder).keep(record(), {}, Address.parse(text, folder))


def test_nothing_waits(tmp_path: Path) -> None:
    assert list(examine_spool(tmp_path / "spool")) == []


def test_records_wait_for_two_addresses(tmp_path: Path) -> None:
    waiting(tmp_path, "http://ann:s3cr3t@host:5000")
    waiting(tmp_path, "sqlite:////srv/my runs.db")
    found = list(examine_spool(tmp_path))
    assert {one.state for one in found} == {"warning"}
    assert {one.command for one in found} == {
        "zoo sync --tracking http://host:5000",
        "zoo sync --tracking 'sqlite:////srv/my runs.db'",
    }
    assert "s3cr3t" not in json.dumps([one.to_json() for one in found])


def test_a_damaged_spool(tmp_path: Path) -> None:
    waiting(tmp_path, "http://host:5000")
    (note,) = tmp_path.glob("*/address")
    note.write_bytes(b"\xff")
    (found,) = examine_spool(tmp_path)
    assert found.state == "fault"
    note.unlink()
    note.mkdir()
    (found,) = examine_spool(tmp_path)
    assert found.state == "fault"
