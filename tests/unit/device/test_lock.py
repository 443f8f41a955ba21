"""The lock of a folder on a board: who holds it, and when it is stale."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.device import shell
from registry.device.address import Address
from registry.device.lock import FILE_NAME, locked
from registry.device.ssh import Ssh
from registry.errors import UnavailableError
from tests.ssh_server import Board

pytestmark = pytest.mark.server

GONE = 2**22 + 1
"""More than any number of a process on Linux (PID_MAX_LIMIT)."""


@pytest.fixture
def device(board: Board) -> Iterator[Ssh]:
    with Ssh(Address.parse(board.address()), board.ssh) as connected:
        yield connected


@pytest.fixture
def session() -> Iterator[int]:
    """A process on the board that looks like the session of somebody."""
    with subprocess.Popen(["sh", "-c", "read -r end; :", shell.SESSION], stdin=subprocess.PIPE) as process:
        yield process.pid


def write_lock(folder: Path, owner: str, process: int) -> None:
    (folder / FILE_NAME).write_text(f"{owner}\n{process}\n", encoding="utf-8")


def test_one_at_a_time_and_nothing_stays(device: Ssh, tmp_path: Path) -> None:
    place = tmp_path / "new"
    with locked(device, str(place)):
        with pytest.raises(UnavailableError) as caught, locked(device, str(place)):
            pass
        assert re.search(rf"@{socket.gethostname()} \(.*\), process {os.getpid()}, session", caught.value.message)
        assert f"{place}/{FILE_NAME}" in str(caught.value.hint)
    with locked(device, str(place)):
        assert [path.name for path in place.iterdir()] == [FILE_NAME]
    assert list(place.iterdir()) == []


def test_a_lock_whose_session_has_ended_is_taken_over(device: Ssh, tmp_path: Path) -> None:
    write_lock(tmp_path, "somebody@elsewhere, process 1, session 1", GONE)
    with locked(device, str(tmp_path)):
        assert "elsewhere" not in (tmp_path / FILE_NAME).read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_another_process_has_by_now_holds_nothing(device: Ssh, tmp_path: Path) -> None:
    write_lock(tmp_path, "somebody@elsewhere, process 1, session 1", 1)
    with locked(device, str(tmp_path)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_whose_session_lives_is_respected(device: Ssh, tmp_path: Path, session: int) -> None:
    owner = f"somebody@elsewhere, process {GONE}, session {session}"
    write_lock(tmp_path, owner, session)
    with pytest.raises(UnavailableError, match=f"by {owner}"), locked(device, str(tmp_path)):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_lock_of_this_machine_whose_process_has_ended_is_taken_over(
    device: Ssh, tmp_path: Path, session: int
) -> None:
    """A board may take hours to notice that a connection is gone."""
    with locked(device, str(tmp_path)):
        owner = (tmp_path / FILE_NAME).read_text(encoding="utf-8").splitlines()[0]
    write_lock(tmp_path, owner.replace(f"process {os.getpid()},", f"process {GONE},"), session)
    with locked(device, str(tmp_path)):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\x00", b"owner", b"$(reboot)\n-1\n"])
def test_a_lock_that_says_nothing_is_taken_over(device: Ssh, tmp_path: Path, content: bytes) -> None:
    """As a power cut leaves it."""
    (tmp_path / FILE_NAME).write_bytes(content)
    with locked(device, str(tmp_path)):
        assert b"process" in (tmp_path / FILE_NAME).read_bytes()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_was_lost_is_not_anothers_to_remove(device: Ssh, tmp_path: Path) -> None:
    with locked(device, str(tmp_path)):
        write_lock(tmp_path, "somebody@elsewhere, process 1, session 1", GONE)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
