"""Packages on a board behind a real SSH server: sent, switched, rolled back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.deployment.manifest import FILE_NAME
from registry.device.address import Address
from registry.device.ssh import Ssh
from registry.errors import MismatchError, RejectedError, RequestError, UnavailableError
from registry.install import Installed, install, rollback, status
from registry.progress import Silent
from tests.ssh_server import BUSYBOX, Board
from tests.unit.packages import LABELS, SCRIPT, package, same_files

pytestmark = pytest.mark.server

MODEL_BYTES = 50_000

Deploy = Callable[[Path], Installed]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder on the board, under a name that no shell likes."""
    return tmp_path / "-dev ice's $HOME \\ \n*"


@pytest.fixture
def deploy(board: Board, place: Path) -> Deploy:
    """Deploys a package to the board."""

    def deployed(folder: Path) -> Installed:
        with connect(board, place) as device:
            return install(folder, device, str(place), Silent())

    return deployed


@pytest.fixture
def packages(tmp_path: Path) -> list[Path]:
    return [package(tmp_path / f"net-{number}", bytes([number]) * MODEL_BYTES) for number in range(3)]


def connect(board: Board, place: Path) -> Ssh:
    return Ssh(Address.parse(board.address(place)), board.ssh)


def roll_back(board: Board, place: Path) -> Installed:
    with connect(board, place) as device:
        return rollback(device, str(place))


def manifest_bytes(folder: Path) -> int:
    return (folder / FILE_NAME).stat().st_size


def test_only_what_changed_is_sent_and_two_releases_are_kept(
    deploy: Deploy, place: Path, packages: list[Path]
) -> None:
    first, second, third = (deploy(one) for one in packages)
    assert [one.switched for one in (first, second, third)] == [True, True, True]
    assert (first.sent_files, first.reused_files, first.previous) == (4, 0, None)
    assert first.sent_bytes == MODEL_BYTES + len(LABELS) + len(SCRIPT) + manifest_bytes(packages[0])
    assert (second.sent_files, second.reused_files) == (2, 2)
    assert second.sent_bytes == MODEL_BYTES + manifest_bytes(packages[1])
    assert (second.previous, third.previous) == (first.current, second.current)
    assert third.removed == (first.current.id,)
    assert [third.current.name, third.current.target] == ["net-2", "linux"]

    assert same_files(place / "current", packages[2])
    assert same_files(place / "previous", packages[1])
    assert {path.name for path in (place / "releases").iterdir()} == {third.current.id, second.current.id}
    assert {path.name for path in place.iterdir()} == {"current", "previous", "releases"}
    modes = {
        path.name: oct(path.stat().st_mode & 0o777) for path in (place / "current").iterdir() if path.is_file()
    }
    assert modes == {"net.tflite": "0o444", "run": "0o555", FILE_NAME: "0o444"}
    assert (place / "current" / "data" / "labels.txt").samefile(place / "previous" / "data" / "labels.txt")


def test_the_same_again_sends_nothing_and_repairs_what_is_damaged(
    deploy: Deploy, place: Path, packages: list[Path]
) -> None:
    deploy(packages[0])
    again = deploy(packages[0])
    assert (again.sent_files, again.sent_bytes, again.reused_files, again.switched) == (0, 0, 4, False)
    assert again.previous is None

    model = place / "current" / "net.tflite"
    model.chmod(0o644)
    model.write_bytes(b"damaged")
    repaired = deploy(packages[0])
    assert (repaired.sent_files, repaired.sent_bytes, repaired.switched) == (1, MODEL_BYTES, False)
    assert same_files(place / "current", packages[0])


def test_names_and_dates_on_the_board_prove_nothing(deploy: Deploy, place: Path, packages: list[Path]) -> None:
    deploy(packages[0])
    labels = place / "current" / "data" / "labels.txt"
    before = labels.stat()
    labels.chmod(0o644)
    labels.write_bytes(bytes(len(LABELS)))
    os.utime(labels, ns=(before.st_atime_ns, before.st_mtime_ns))
    second = deploy(packages[1])
    assert (second.sent_files, second.reused_files) == (3, 1)
    assert same_files(place / "current", packages[1])


def test_rolling_back_twice_is_back_again(board: Board, deploy: Deploy, place: Path, packages: list[Path]) -> None:
    deploy(packages[0])
    deploy(packages[1])
    back = roll_back(board, place)
    assert [back.current.name, back.previous and back.previous.name] == ["net-0", "net-1"]
    assert same_files(place / "current", packages[0])
    assert same_files(place / "previous", packages[1])
    with connect(board, place) as device:
        assert status(device, str(place)) == (back.current, back.previous)
    forth = roll_back(board, place)
    assert (forth.current, forth.previous) == (back.previous, back.current)
    assert same_files(place / "current", packages[1])
    # the previous release is deployed again: nothing is sent, and the two change places
    old = deploy(packages[0])
    assert (old.sent_files, old.current, old.previous) == (0, back.current, back.previous)


def test_nothing_to_roll_back_to(board: Board, deploy: Deploy, place: Path, packages: list[Path]) -> None:
    with pytest.raises(RequestError, match="found none"):
        roll_back(board, place)
    assert not place.exists()
    deploy(packages[0])
    with pytest.raises(RequestError, match=r"found only [0-9a-f]{12}"):
        roll_back(board, place)


@pytest.mark.parametrize("name", ["net.tflite", FILE_NAME])
def test_no_roll_back_to_what_is_damaged(
    board: Board, deploy: Deploy, place: Path, packages: list[Path], name: str
) -> None:
    deploy(packages[0])
    deploy(packages[1])
    (place / "previous" / name).chmod(0o644)
    (place / "previous" / name).write_bytes(b"damaged")
    with pytest.raises(RejectedError, match=name):
        roll_back(board, place)
    assert same_files(place / "current", packages[1])


def test_a_board_whose_mv_cannot_replace_a_link(
    board: Board, deploy: Deploy, place: Path, packages: list[Path]
) -> None:
    board.tool("mv", f'case "$*" in *-T*) exit 1 ;; esac\nexec {BUSYBOX} mv "$@"')
    deploy(packages[0])
    deploy(packages[1])
    assert same_files(place / "current", packages[1])
    assert same_files(place / "previous", packages[0])
    assert {path.name for path in place.iterdir()} == {"current", "previous", "releases"}


def test_a_board_without_hard_links(board: Board, deploy: Deploy, place: Path, packages: list[Path]) -> None:
    deploy(packages[0])
    board.tool("ln", f'case "$1 $2" in "-- "*) exit 1 ;; esac\nexec {BUSYBOX} ln "$@"')
    assert deploy(packages[1]).reused_files == 2
    assert same_files(place / "current", packages[1])
    assert not (place / "current" / "run").samefile(place / "previous" / "run")


def test_other_bytes_arrive(board: Board, deploy: Deploy, place: Path, packages: list[Path]) -> None:
    deploy(packages[0])
    board.tool("cat", f'{BUSYBOX} cat "$@"; [ $# -gt 0 ] || echo more')
    with pytest.raises(MismatchError):
        deploy(packages[1])
    assert same_files(place / "current", packages[0])
    assert not (place / "previous").exists()
    board.reset()
    deploy(packages[1])
    assert same_files(place / "current", packages[1])


def test_a_disk_that_runs_full(board: Board, deploy: Deploy, place: Path, packages: list[Path]) -> None:
    deploy(packages[0])
    board.behave(f"ulimit -f {MODEL_BYTES // 1024}")  # blocks of 512 bytes: half a model
    with pytest.raises(UnavailableError, match="cannot be written"):
        deploy(packages[1])
    assert same_files(place / "current", packages[0])
    board.reset()
    assert deploy(packages[1]).previous is not None
    assert same_files(place / "current", packages[1])


def test_too_little_room_is_said_before_anything_is_sent(
    board: Board, deploy: Deploy, place: Path, packages: list[Path]
) -> None:
    board.tool("df", "echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'; echo '/dev/x 9 8 1 89% /'")
    with pytest.raises(UnavailableError, match=r"expected room for 50\.1 KiB, found 1 KiB"):
        deploy(packages[0])
    assert not (place / "releases").exists()


def test_a_place_that_cannot_be_written(deploy: Deploy, place: Path, packages: list[Path]) -> None:
    place.write_bytes(b"a file")
    with pytest.raises(UnavailableError, match="cannot be written"):
        deploy(packages[0])
    assert place.read_bytes() == b"a file"


@pytest.mark.parametrize("name", ["current", "previous"])
def test_what_is_not_ours_is_not_replaced(
    board: Board, deploy: Deploy, place: Path, packages: list[Path], name: str
) -> None:
    (place / name).mkdir(parents=True)
    (place / name / "precious").touch()
    with pytest.raises(RejectedError, match=f"/{name}: expected a link"):
        deploy(packages[0])
    (place / name).rename(place / "own")
    (place / name).symlink_to("own")
    with pytest.raises(RejectedError, match=f"/{name}: expected a link"):
        deploy(packages[0])
    assert {path.name for path in place.iterdir()} == {name, "own"}


def test_a_package_that_was_changed_here_is_not_sent(deploy: Deploy, place: Path, packages: list[Path]) -> None:
    (packages[0] / "run").write_bytes(b"#!/bin/sh\nreboot\n")
    with pytest.raises(RejectedError, match="run"):
        deploy(packages[0])
    assert not place.exists()


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "-rf", "a;b"])
def test_a_package_that_leads_out_of_its_folder_is_not_sent(
    deploy: Deploy, place: Path, packages: list[Path], path: str
) -> None:
    manifest = packages[0] / FILE_NAME
    manifest.write_text(manifest.read_text().replace('"run"', f'"{path}"'), encoding="utf-8")
    with pytest.raises(RejectedError):
        deploy(packages[0])
    assert not place.exists()


def test_a_manifest_on_the_board_is_not_believed(deploy: Deploy, place: Path, packages: list[Path]) -> None:
    """Were it, the labels of the second release would be taken from anywhere on the board."""
    deploy(packages[0])
    own = place / "current" / FILE_NAME
    own.chmod(0o644)
    own.write_text(own.read_text().replace("data/labels.txt", "../../../secret"), encoding="utf-8")
    (place.parent / "secret").write_bytes(LABELS)
    assert deploy(packages[1]).sent_files == 4
    assert same_files(place / "current", packages[1])
