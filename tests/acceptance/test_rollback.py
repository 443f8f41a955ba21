"""`zoo rollback` of a board behind a real SSH server, and what is said of a package that was sent there."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from cli.device_run import described, plain, send
from cli.session import Voice
from registry.install import Installed
from tests.acceptance.world import Zoo, assert_says
from tests.ssh_server import Board
from tests.unit.packages import package, same_files

pytestmark = pytest.mark.server


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder on the board."""
    return tmp_path / "on the board"


@pytest.fixture
def packages(tmp_path: Path) -> list[Path]:
    return [package(tmp_path / f"net-{number}", bytes([number]) * 3000) for number in range(3)]


@pytest.fixture
def sent(board: Board, place: Path, packages: list[Path]) -> list[Installed]:
    """Two packages on the board, the second in use."""
    return [sending(board, place, folder) for folder in packages[:2]]


def sending(board: Board, place: Path, folder: Path) -> Installed:
    return send(folder, board.address(place), Voice(quiet=True), shlex.join(board.ssh))


def rollback(zoo: Zoo, board: Board, place: Path, *options: str) -> tuple[str, ...]:
    return ("rollback", board.address(place), *options, "--ssh", shlex.join(board.ssh))


def test_what_is_said_of_a_package_that_was_sent(
    board: Board, place: Path, packages: list[Path], sent: list[Installed]
) -> None:
    old, new = sent
    again = sending(board, place, packages[1])
    third = sending(board, place, packages[2])
    where = f"{new.device}:{place}/current"
    assert described(new) == [
        f"{where}: net-1 ({new.current.id}), now in use",
        f"  sent 2 files, {2.93 + (packages[1] / 'deployment.json').stat().st_size / 1024:.3g} KiB;"
        " 2 files were there already",
        f"  before: net-0 ({old.current.id}); `zoo rollback` returns to it",
    ]
    assert described(again)[:2] == [
        f"{where}: net-1 ({new.current.id}), in use already",
        "  sent 0 files, 0 B; 4 files were there already",
    ]
    assert described(third)[-1] == f"  removed: {old.current.id}"
    assert plain(third)["previous"] == {"id": new.current.id, "name": "net-1", "target": "linux"}


def test_back_and_forth(zoo: Zoo, board: Board, place: Path, packages: list[Path], sent: list[Installed]) -> None:
    old, new = (f"{one.current.name} ({one.current.id})" for one in sent)
    address, options = board.address(place), {"ZOO_SSH": shlex.join(board.ssh)}
    assert zoo("rollback", address, "--list", **options).out == f"current   {new}\nprevious  {old}\n"

    back = zoo("rollback", address, **options)
    assert back.code == 0, back
    assert back.out == f"{sent[0].device}:{place}/current: from {new} back to {old}\n"
    assert same_files(place / "current", packages[0])

    forth = zoo(*rollback(zoo, board, place, "--format", "json"))
    assert forth.code == 0, forth
    assert forth.json()["current"]["name"] == "net-1"
    assert forth.json()["previous"]["name"] == "net-0"
    assert same_files(place / "current", packages[1])
    listed = zoo(*rollback(zoo, board, place, "--list", "--format", "json")).json()
    assert listed == {name: forth.json()[name] for name in ("current", "previous")}


def test_nothing_to_return_to(zoo: Zoo, board: Board, place: Path) -> None:
    result = zoo(*rollback(zoo, board, place))
    assert result.code == 2, result
    assert_says(result, f"{place}: expected a current and a previous release, found none", "zoo deploy")
    listed = zoo(*rollback(zoo, board, place, "--list"))
    assert (listed.code, listed.out) == (0, "current   none\nprevious  none\n")
    assert not place.exists()


def test_a_damaged_release_is_not_returned_to(zoo: Zoo, board: Board, place: Path, sent: list[Installed]) -> None:
    model = place / "previous" / "net.tflite"
    model.unlink()
    result = zoo(*rollback(zoo, board, place))
    assert result.code == 1, result
    assert_says(result, f"releases/{sent[0].current.id}/net.tflite", "the current release stays in use")


def test_a_host_key_that_changed(zoo: Zoo, board: Board, place: Path) -> None:
    board.know("other")
    result = zoo(*rollback(zoo, board, place))
    assert result.code == 3, result
    assert_says(result, "expected the host key that is known, found another", f"{board.folder}/known_hosts, line 1")


@pytest.mark.parametrize(
    ("address", "ssh", "said"),
    [
        ("root@board:/opt", "ssh", "no address of a device"),
        ("ssh://root:secret@board/opt", "ssh", "a password does not belong in an address"),
        ("ssh://board", "ssh", "expected a folder on the device"),
        ("ssh://board/opt", "ssh 'x", "expected a command, found No closing quotation"),
        ("ssh://board/opt", "''", "cannot be started"),
        ("ssh://board/opt", " ", "expected a command, found none"),
    ],
)
def test_what_cannot_be_asked(zoo: Zoo, address: str, ssh: str, said: str) -> None:
    result = zoo("rollback", address, "--ssh", ssh)
    assert result.code in (2, 3), result
    assert_says(result, said, "next: ")
    assert "secret" not in result.err
