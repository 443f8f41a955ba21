import json
import os
from pathlib import Path
from typing import Any

import pytest

from registry.errors import RequestError, UnavailableError
from registry.store.oci.address import Address
from registry.store.oci.logins import Login, Logins
from tests.oci_registry import PASSWORD, USER, basic, login_file

HOST = "registry.example.org"
ADDRESS = Address.parse(f"oci://{HOST}/team/models")
HUB = Address.parse("oci://docker.io/ann/models")


def logins(folder: Path, **variables: str) -> Logins:
    return Logins({"HOME": str(folder), **variables})


def docker_file(folder: Path, document: Any) -> Path:
    path = folder / ".docker" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def found(login: Login | None) -> tuple[str, str]:
    assert login is not None
    return login.username, login.password


@pytest.mark.parametrize(
    ("place", "variable", "value"),
    [
        (".docker/config.json", "HOME", "."),
        ("d/config.json", "DOCKER_CONFIG", "d"),
        ("a.json", "REGISTRY_AUTH_FILE", "a.json"),
        ("run/containers/auth.json", "XDG_RUNTIME_DIR", "run"),
        (".config/containers/auth.json", "HOME", "."),
        ("conf/containers/auth.json", "XDG_CONFIG_HOME", "conf"),
    ],
)
def test_a_login_is_found_where_each_tool_keeps_it(tmp_path: Path, place: str, variable: str, value: str) -> None:
    path = login_file(tmp_path / place, HOST)
    login = logins(tmp_path, **{variable: str(tmp_path / value)}).find(ADDRESS)
    assert found(login) == (USER, PASSWORD)
    assert login is not None
    assert Path(login.origin).resolve() == path.resolve()
    assert login.basic == f"Basic {basic(USER, PASSWORD)}"


def test_nobody_is_logged_in_without_a_file(tmp_path: Path) -> None:
    assert logins(tmp_path).find(ADDRESS) is None


def test_another_registrys_login_is_not_used(tmp_path: Path) -> None:
    docker_file(tmp_path, {"auths": {f"{HOST}:5000": {"auth": basic("a", "b")}, "example.org": {}}})
    assert logins(tmp_path).find(ADDRESS) is None


def test_the_most_exact_name_wins(tmp_path: Path) -> None:
    entries = {name: {"auth": basic(name, "x")} for name in (HOST, f"{HOST}/team", f"{HOST}/team/model")}
    docker_file(tmp_path, {"auths": entries})
    assert found(logins(tmp_path).find(ADDRESS))[0] == f"{HOST}/team"


@pytest.mark.parametrize("key", [f"https://{HOST}/v1/", f"https://{HOST}", f"{HOST}/v2/", HOST])
def test_names_are_read_as_docker_writes_them(tmp_path: Path, key: str) -> None:
    docker_file(tmp_path, {"auths": {key: {"username": USER, "password": PASSWORD}}})
    assert found(logins(tmp_path).find(ADDRESS)) == (USER, PASSWORD)


def test_docker_hub_has_an_old_name(tmp_path: Path) -> None:
    docker_file(tmp_path, {"auths": {"https://index.docker.io/v1/": {"auth": basic(USER, PASSWORD)}}})
    assert found(logins(tmp_path).find(HUB)) == (USER, PASSWORD)


def test_an_identity_token_is_read(tmp_path: Path) -> None:
    login_file(tmp_path / ".docker" / "config.json", HOST, USER, "", identitytoken="refresh-me")
    login = logins(tmp_path).find(ADDRESS)
    assert login is not None
    assert login.identity_token == "refresh-me"


def test_a_password_with_a_colon_stays_whole(tmp_path: Path) -> None:
    login_file(tmp_path / ".docker" / "config.json", HOST, USER, "a:b:c")
    assert found(logins(tmp_path).find(ADDRESS)) == (USER, "a:b:c")


def test_a_login_shows_no_secret() -> None:
    login = Login("file", "s3cr3t-user", "s3cr3t", "s3cr3t-token")
    assert "s3cr3t" not in repr(login)


@pytest.mark.parametrize(
    "text", ["{", "[]", "\xff", '{"auths": {"registry.example.org": {"auth": "s3cr3t!"}}}', "[" * 100_000]
)
def test_a_damaged_file_is_named_and_not_quoted(tmp_path: Path, text: str) -> None:
    path = docker_file(tmp_path, {})
    path.write_text(text, encoding="latin-1")
    with pytest.raises(RequestError, match=r"config\.json") as caught:
        logins(tmp_path).find(ADDRESS)
    assert "s3cr3t" not in caught.value.message


@pytest.mark.parametrize("entry", [None, 3, [], {"auth": ""}, {"username": USER}, {}])
def test_an_entry_without_a_login_is_none(tmp_path: Path, entry: object) -> None:
    docker_file(tmp_path, {"auths": {HOST: entry}})
    assert logins(tmp_path).find(ADDRESS) is None


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A credential helper that says what a file beside it holds, and writes down what it was asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "docker-credential-test"
    program.write_text(f'#!/bin/sh\necho "$1" > {folder}/verb\ncat > {folder}/asked\n. {folder}/answer\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder


def says(helper: Path, **answer: str) -> None:
    (helper / "answer").write_text(f"cat <<'END'\n{json.dumps(answer)}\nEND\n")


@pytest.mark.parametrize(
    ("document", "address", "asked"),
    [
        ({"credHelpers": {HOST: "test"}}, ADDRESS, HOST),
        ({"credHelpers": {f"{HOST}/team": "test"}}, ADDRESS, f"{HOST}/team"),
        ({"credsStore": "test", "auths": {HOST: {}}}, ADDRESS, HOST),
        ({"credsStore": "test"}, HUB, "https://index.docker.io/v1/"),
    ],
)
def test_a_credential_helper_is_asked(
    tmp_path: Path, helper: Path, document: Any, address: Address, asked: str
) -> None:
    docker_file(tmp_path, document)
    says(helper, ServerURL=HOST, Username=USER, Secret=PASSWORD)
    assert found(logins(tmp_path).find(address)) == (USER, PASSWORD)
    assert (helper / "asked").read_text() == asked
    assert (helper / "verb").read_text() == "get\n"


def test_a_helper_may_give_an_identity_token(tmp_path: Path, helper: Path) -> None:
    docker_file(tmp_path, {"credsStore": "test"})
    says(helper, Username="<token>", Secret="refresh-me")
    login = logins(tmp_path).find(ADDRESS)
    assert login is not None
    assert (login.identity_token, login.password) == ("refresh-me", "")


def test_a_helper_that_has_nothing_leaves_one_anonymous(tmp_path: Path, helper: Path) -> None:
    docker_file(tmp_path, {"credsStore": "test"})
    (helper / "answer").write_text("echo 'credentials not found in native keychain'\nexit 1\n")
    assert logins(tmp_path).find(ADDRESS) is None


@pytest.mark.parametrize("answer", ["exit 3", "echo s3cr3t", "echo '[\"s3cr3t\"]'", "echo s3cr3t; exit 1"])
def test_a_helper_that_fails_is_named_and_not_quoted(tmp_path: Path, helper: Path, answer: str) -> None:
    docker_file(tmp_path, {"credsStore": "test"})
    (helper / "answer").write_text(f"{answer}\n")
    with pytest.raises(UnavailableError, match="docker-credential-test: expected a login") as caught:
        logins(tmp_path).find(ADDRESS)
    assert "s3cr3t" not in caught.value.message


def test_a_missing_helper_is_told(tmp_path: Path) -> None:
    docker_file(tmp_path, {"credsStore": "nowhere"})
    with pytest.raises(UnavailableError, match="docker-credential-nowhere: cannot be run"):
        logins(tmp_path).find(ADDRESS)


def test_a_helper_is_a_name_and_no_path(tmp_path: Path) -> None:
    docker_file(tmp_path, {"credsStore": "../../bin/x"})
    with pytest.raises(RequestError, match="not a name"):
        logins(tmp_path).find(ADDRESS)
