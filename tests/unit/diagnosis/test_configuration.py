from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.diagnosis import configuration
from registry.diagnosis.configuration import Loaded
from registry.diagnosis.finding import Finding
from tests.unit.signing import SPKI, key, pem
from tests.unit.strategies import PROPERTY


def load(folder: Path, project: str | None = None, user: str | None = None, **variables: str) -> Loaded:
    for name, text in (("zoo.toml", project), ("user.toml", user)):
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    environ = {"HOME": str(folder), **variables}
    return configuration.load({}, environ, str(folder / "zoo.toml"), str(folder / "user.toml"))


def faults(loaded: Loaded) -> list[Finding]:
    return [one for one in loaded.findings if one.state != "ok"]


def test_no_file_and_no_variable(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    assert [(one.state, one.found) for one in loaded.findings] == [("ok", "not there: the defaults serve")] * 2
    assert loaded.settings.offline is False


def test_right_ones_are_read(tmp_path: Path) -> None:
    loaded = load(tmp_path, "offline = true", 'prefer = "size"', ZOO_TARGET="board")
    assert faults(loaded) == []
    assert (loaded.settings.offline, loaded.settings.prefer, loaded.settings.target) == (True, "size", "board")


@pytest.mark.parametrize(
    ("text", "said", "advice"),
    [
        ('mirorrs = ["x"]', "unknown setting 'mirorrs'", "did you mean 'mirrors'?"),
        ("offline = 3", "offline: expected true or false, found 3", "zoo config"),
        ("offline = ", "cannot be read as TOML", "zoo config"),
        ("[" * 5000, "cannot be read as TOML", "zoo config"),
        ('[trust.acme]\nkey = "x"', "unknown key 'key'", "known are"),
        ('ssh = "x"', "expected no command in a project's file", "ZOO_SSH"),
    ],
)
def test_a_file_that_is_wrong_hides_nothing_of_the_other(tmp_path: Path, text: str, said: str, advice: str) -> None:
    loaded = load(tmp_path, text, 'prefer = "size"')
    (fault,) = faults(loaded)
    assert (fault.subject, fault.state) == (f"file {tmp_path}/zoo.toml", "fault")
    assert said in fault.found
    assert advice in fault.advice
    assert loaded.settings.prefer == "size"


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "user.toml").write_bytes(b"\xff\xfe")
    (fault,) = faults(load(tmp_path))
    assert fault.subject.endswith("user.toml")


def test_a_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "zoo.toml").mkdir()
    (found,) = faults(load(tmp_path))
    assert (found.state, found.found) == ("warning", "not read: it is no file")


def test_a_variable_that_is_wrong_hides_nothing_of_the_others(tmp_path: Path) -> None:
    loaded = load(tmp_path, ZOO_OFFLINE="perhaps", ZOO_PREFER="best", ZOO_TARGET="board")
    assert [(one.subject, one.command) for one in faults(loaded)] == [
        ("variable ZOO_OFFLINE", "unset ZOO_OFFLINE"),
        ("variable ZOO_PREFER", "unset ZOO_PREFER"),
    ]
    assert loaded.settings.target == "board"


def test_a_value_with_a_password_is_not_repeated(tmp_path: Path) -> None:
    (fault,) = faults(load(tmp_path, 'registries = [["https://ann:s3cr3t@host/x"]]'))
    assert "s3cr3t" not in str(fault)
    assert "https://host/x" in fault.found


@PROPERTY
@given(st.text(), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_whatever_they_hold_it_becomes_a_finding(
    tmp_path_factory: pytest.TempPathFactory, text: str, value: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    loaded = load(folder, text.encode("utf-8", "replace").decode(), ZOO_OFFLINE=value)
    assert {one.state for one in loaded.findings} <= {"ok", "fault"}


def trust(folder: Path, rule: str) -> list[Finding]:
    return list(configuration.examine_trust(load(folder, f"[trust.acme]\n{rule}").settings))


def public(folder: Path) -> Path:
    path = folder / "acme.pub"
    path.write_bytes(pem("PUBLIC KEY", SPKI + bytes(32)))
    path.chmod(0o644)
    return path


def test_a_key_that_can_be_read(tmp_path: Path) -> None:
    path = public(tmp_path)
    (found,) = trust(tmp_path, 'keys = ["acme.pub"]')
    assert (found.subject, found.state) == ("trust acme", "ok")
    assert str(path) in found.found
    assert key().public.identifier.hex not in found.found


def test_a_key_that_others_can_change(tmp_path: Path) -> None:
    path = public(tmp_path)
    path.chmod(0o666)
    (found,) = trust(tmp_path, 'keys = ["acme.pub"]')
    assert (found.state, found.command) == ("warning", f"chmod go-w {path}")


def test_a_key_that_is_missing(tmp_path: Path) -> None:
    (found,) = trust(tmp_path, 'keys = ["acme.pub"]')
    assert found.state == "fault"
    assert "acme.pub cannot be read: No such file" in found.found
    assert "ask the publisher" in found.advice


def test_a_file_that_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "acme.pub").write_bytes(pem("PRIVATE KEY", b"s3cr3t"))
    (found,) = trust(tmp_path, 'keys = ["acme.pub"]')
    assert found.state == "fault"
    assert "expected an Ed25519 public key" in found.found


def test_signatures_are_required_and_nobody_can_give_them(tmp_path: Path) -> None:
    (found,) = trust(tmp_path, "require = true")
    assert found.state == "fault"
    assert "nothing of this publisher can be pulled" in found.found
