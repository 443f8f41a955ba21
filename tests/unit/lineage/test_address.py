from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import RequestError
from registry.lineage import Address
from tests.unit.strategies import PROPERTY

FILES = Path("/srv/files")


@pytest.mark.parametrize(
    ("text", "shown", "artifacts"),
    [
        ("sqlite:////srv/runs.db", "sqlite:////srv/runs.db", "file:///srv/artifacts"),
        ("sqlite:////s#v/r ns.db?timeout=9", "sqlite:////s#v/r ns.db", "file:///s%23v/artifacts"),
        ("postgresql+psycopg2://u:pa55@h:5432/db?x=pa55", "postgresql+psycopg2://h:5432/db", "file:///srv/files"),
        ("http://u:pa55@h:5000/", "http://h:5000", None),
        ("https://h/mlflow", "https://h/mlflow", None),
        ("databricks", "databricks", None),
        ("databricks://profile", "databricks://profile", None),
    ],
)
def test_addresses_that_mlflow_takes(text: str, shown: str, artifacts: str | None) -> None:
    address = Address.parse(text, FILES)
    assert (address.shown, address.artifacts) == (shown, artifacts)
    assert address.uri.rstrip("/") == text.rstrip("/")
    assert address.is_remote is not text.startswith("sqlite")
    assert "pa55" not in repr(address)


def test_a_relative_database_is_the_same_wherever_a_later_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    address = Address.parse("sqlite:///runs.db", FILES)
    assert address.uri == f"sqlite:///{tmp_path}/runs.db"
    assert address.database == tmp_path / "runs.db"


def test_credentials_do_not_change_the_key() -> None:
    one, two = (Address.parse(f"http://{login}@h:5000", FILES) for login in ("ann:old", "bob:new"))
    assert one.key == two.key
    assert one.key != Address.parse("http://other:5000", FILES).key


@pytest.mark.parametrize("text", ["", "mlruns", "./mlruns", "file:mlruns", "file:///srv/mlruns", "C:\\mlruns"])
def test_a_folder_of_files_is_refused_with_a_next_step(text: str) -> None:
    with pytest.raises(RequestError, match="MLflow refuses") as caught:
        Address.parse(text, FILES)
    assert "sqlite:///" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sqlite://", "path of a database file"),
        ("sqlite:///:memory:", "path of a database file"),
        ("ftp://u:pa55@h/x", "unknown kind 'ftp'"),
        ("http://", "expected a host"),
        ("http://u:pa55@h:99999", "Port out of range"),
        ("http://u:pa55@[h", "http:..."),
    ],
)
def test_other_wrong_addresses(text: str, said: str) -> None:
    with pytest.raises(RequestError) as caught:
        Address.parse(text, FILES)
    assert said in caught.value.message
    assert "pa55" not in caught.value.message
    assert caught.value.hint


@PROPERTY
@given(st.text(max_size=20) | st.text(max_size=12).map(lambda text: f"http://{text}"))
def test_any_text_is_taken_or_refused(text: str) -> None:
    refused = None
    try:
        Address.parse(text, FILES)
    except RequestError as error:
        refused = error
    assert refused is None or refused.hint


@pytest.mark.parametrize(
    ("text", "look"),
    [
        ("http://u:p@h:5000/", "http://h:5000/#/experiments/1/runs/abc"),
        ("sqlite:////s p/r.db", "mlflow ui --backend-store-uri 'sqlite:////s p/r.db'"),
        ("databricks", "the workspace's experiments"),
    ],
)
def test_how_to_look(text: str, look: str) -> None:
    assert Address.parse(text, FILES).look("1", "abc") == look
