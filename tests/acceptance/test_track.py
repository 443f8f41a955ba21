"""`zoo eval --track`: the result is said first, the record kept, and then a run of the real MLflow."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.world import SHARED, Result, Zoo, assert_says, files_below
from tests.mlflow_server import mlflow_server

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/real")

REAL = SHARED / "real"
DEAD = "http://ann:pa55@127.0.0.1:9"
"""Port 9, `discard`: nobody listens there."""


@pytest.fixture
def shapes(shipped: Zoo) -> Zoo:
    """A generated dataset of one image to evaluate."""
    for name in [name for name in shipped.environment if name.startswith("MLFLOW_")]:
        del shipped.environment[name]
    made = shipped("dataset", "make", "shapes", "shapes", "--count", "6", "--size", "64")
    assert made.code == 0, made
    return shipped


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("server")) as address:
        yield address


def test_the_doctor_finds_the_server_and_its_version(zoo: Zoo, server: str) -> None:
    report = zoo("doctor", "--format", "json", ZOO_TRACKING=server).json()
    (finding,) = next(one["findings"] for one in report["sections"] if one["name"] == "tracking")
    assert (finding["subject"], finding["state"]) == (f"address {server}", "ok")
    assert finding["found"] == f"answers, with MLflow {version('mlflow')}"


QUESTION = ("eval", "google/deeplabv3", "--data", "shapes", "--mirror", str(REAL), "--format", "json")


def evaluated(zoo: Zoo, *options: str, **variables: str) -> Result:
    result = zoo(*QUESTION, *options, **variables)
    assert result.code == 0, result
    return result


def data(zoo: Zoo) -> Path:
    return zoo.home / ".local" / "share" / "zoo"


def committed(folder: Path) -> str:
    """Make a folder a repository with one commit; gives that."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    said = b""
    for words in (("init", "-q"), (*identity, "commit", "-q", "--allow-empty", "-m", "one"), ("rev-parse", "HEAD")):
        said = subprocess.run(["git", *words], cwd=folder, check=True, stdout=subprocess.PIPE).stdout
    return said.decode().strip()


def asked(database: Path, question: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(question).fetchall()


def client_of(uri: str) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def test_a_run_in_a_database_of_ones_own(shapes: Zoo) -> None:
    commit = committed(shapes.work)
    result = evaluated(shapes, "--track", "--offline")
    database = data(shapes) / "mlflow.db"
    (line,) = result.err.splitlines()
    assert "of experiment google/deeplabv3; to look: mlflow ui --backend-store-uri" in line
    assert line.endswith(f"sqlite:///{database}")
    figures = dict(asked(database, "SELECT key, value FROM metrics"))
    document = result.json()
    assert figures["voc/mean-iou"] == document["protocols"]["voc"]["mean-iou"]
    assert figures["voc/iou/background"] == document["protocols"]["voc"]["class-iou"][0]
    tags = dict(asked(database, "SELECT key, value FROM tags"))
    for name in ("artifact", "images", "preprocessing", "variant"):
        assert tags[f"zoo.{name}"] == document[name]
    assert tags["mlflow.source.git.commit"] == commit
    (artifact,) = [path for path in files_below(data(shapes) / "artifacts") if path.name == "evaluation.json"]
    assert json.loads(artifact.read_text()) == document
    assert not [path for path in files_below(data(shapes) / "spool") if path.name == "record.json"]
    assert not (shapes.work / "mlruns").exists()


def test_a_run_at_a_server(shapes: Zoo, server: str) -> None:
    login = server.replace("://", "://ann:pa55@")
    result = evaluated(shapes, "--tracking", login)
    assert f"to look: {server}/#/experiments/" in result.err
    assert "pa55" not in result.err + result.out
    client = client_of(server)
    experiment = client.get_experiment_by_name("google/deeplabv3")
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status) == ("257-float32 on shapes val", "FINISHED")
    assert run.data.metrics["voc/mean-iou"] == result.json()["protocols"]["voc"]["mean-iou"]
    assert run.data.params["protocols"] == "voc, st-present-classes, per-image, ti-global"
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["evaluation.json"]


def test_the_result_of_a_dead_address_waits_without_its_credentials(shapes: Zoo) -> None:
    result = shapes(*QUESTION, "--tracking", DEAD)
    assert result.code == 3, result
    assert result.json()["samples"] == 1
    assert_says(result, "127.0.0.1:9", "Connection refused", "1 record kept in", "next: start the server")
    assert "pa55" not in result.err
    for path in files_below(shapes.folder):
        assert b"pa55" not in path.read_bytes(), path
    address = next(path for path in files_below(data(shapes) / "spool") if path.name == "address")
    assert address.read_text() == "http://127.0.0.1:9\n"


def test_what_was_measured_offline_goes_to_the_server_with_the_next(shapes: Zoo, server: str) -> None:
    before = evaluated(shapes, "--tracking", server, ZOO_OFFLINE="1")
    assert_says(before, "offline: 1 record kept in")
    after = evaluated(shapes, "--track", ZOO_TRACKING=f"{server}/")
    assert_says(after, "logged as run", "logged a record that waited")
    assert not [path for path in files_below(data(shapes) / "spool") if path.name == "record.json"]


def test_two_at_once_make_one_new_database(shapes: Zoo, tmp_path: Path) -> None:
    evaluated(shapes)
    started = []
    for name in ("one", "two"):  # each with a spool of its own, so that only the database is shared
        shapes.environment["XDG_DATA_HOME"] = str(tmp_path / name)
        started.append(shapes.start(*QUESTION, "--restart", "--tracking", "sqlite:///team.db"))
    for process in started:
        result = shapes.finish(process)
        assert result.code == 0, result
    database = shapes.work / "team.db"
    assert asked(database, "SELECT name FROM experiments WHERE name <> 'Default'") == [("google/deeplabv3",)]
    assert asked(database, "SELECT status FROM runs") == [("FINISHED",), ("FINISHED",)]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("file:///srv/mlruns", ["MLflow refuses", "sqlite:///"]),
        ("mlruns", ["MLflow refuses", "sqlite:///"]),
        ("ftp://ann:pa55@example.org", ["unknown kind 'ftp'"]),
    ],
)
def test_a_wrong_address_is_told_before_anything_is_evaluated(shapes: Zoo, address: str, said: list[str]) -> None:
    result = shapes(*QUESTION, "--track", ZOO_TRACKING=address)
    assert (result.code, result.out) == (2, "")
    assert_says(result, *said)
    assert "pa55" not in result.err


def test_a_missing_extra_is_told_with_the_result_kept(shapes: Zoo) -> None:
    # as if it had never been installed: what Python finds first cannot be imported
    absent = shapes.folder / "absent" / "mlflow.py"
    absent.parent.mkdir()
    absent.write_text("raise ImportError('none')\n")
    result = shapes(*QUESTION, "--track", PYTHONPATH=str(absent.parent))
    assert result.code == 3, result
    assert_says(result, "MLflow, which is not installed", "pip install 'edge-model-zoo[lineage]'", "1 record kept")


def test_settings_show_no_password(zoo: Zoo) -> None:
    for variable in ("ZOO_TRACKING", "MLFLOW_TRACKING_URI"):
        result = zoo("config", **{variable: "http://ann:pa55@example.org"})
        assert "tracking = http://example.org" in result.out
        assert variable in result.out
        assert "pa55" not in result.out
