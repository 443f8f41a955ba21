"""What goes wrong between us and a board: whatever it is, the board keeps one whole release in use."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.device.address import Address
from registry.device.lock import FILE_NAME as LOCK
from registry.device.ssh import Ssh
from registry.errors import UnavailableError
from registry.install import Installed, install
from registry.progress import Silent
from tests.ssh_server import Board
from tests.unit.packages import package, same_files

pytestmark = pytest.mark.server

MODEL_BYTES = 50_000
ROOT = Path(__file__).resolve().parents[2]

DEPLOY = """
import sys
from pathlib import Path
from registry.device.address import Address
from registry.device.ssh import Ssh
from registry.install import install
from registry.progress import Silent
folder, address, *command = sys.argv[1:]
where = Address.parse(address)
with Ssh(where, command) as device:
    install(Path(folder), device, where.path, Silent())
"""


@pytest.fixture
def packages(tmp_path: Path) -> list[Path]:
    return [package(tmp_path / f"net-{number}", bytes([number]) * MODEL_BYTES) for number in range(2)]


def connect(board: Board, place: Path) -> Ssh:
    return Ssh(Address.parse(board.address(place)), board.ssh)


def deploy(board: Board, folder: Path, place: Path) -> Installed:
    with connect(board, place) as device:
        return install(folder, device, str(place), Silent())


def lost(board: Board, folder: Path, place: Path, number: int) -> bool:
    """Deploy with a connection that breaks in the place of a command; False where there is none of this number."""
    board.lose_at(number)
    device = connect(board, place)
    try:
        with device:
            install(folder, device, str(place), Silent())
    except UnavailableError:
        if device.process:
            wait_for_end(device.process)
        return True
    finally:
        board.reset()
    return False


def wait_for_end(process: int) -> None:
    """Wait until a process of the board has noticed that its connection is gone."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(process)
        select.select([handle], [], [])
        os.close(handle)


def test_a_connection_lost_at_any_command(board: Board, tmp_path: Path, packages: list[Path]) -> None:
    old, new = packages
    deploy(board, old, tmp_path / "0")
    sent = []
    for number in range(1, 100):
        place = tmp_path / str(number)
        shutil.copytree(tmp_path / "0", place, symlinks=True)
        if not lost(board, new, place, number):
            break
        in_use = [one for one in packages if same_files(place / "current", one)]
        assert len(in_use) == 1, f"at command {number}"
        again = deploy(board, new, place)
        assert same_files(place / "current", new)
        assert same_files(place / "previous", old)
        assert sorted(os.listdir(place)) == ["current", "previous", "releases"]  # noqa: PTH208
        assert again.switched is (in_use == [old])
        sent.append(again.sent_files)
    assert sent[0] == 2
    assert sent == sorted(sent, reverse=True), "what has arrived is not sent again"
    assert sent[-1] == 0
    assert len(sent) >= 10


@pytest.fixture
def pipe(board: Board, tmp_path: Path) -> Iterator[Path]:
    """A pipe that the first file to be sent waits for on the board, until somebody has opened and closed it."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    board.behave(
        f"""case $command in *zoo-part*'exit 1'*)
            if mv {path} {path}.taken 2>/dev/null; then cat {path}.taken; fi ;;
        esac"""
    )
    yield path
    board.reset()


def start(board: Board, folder: Path, place: Path) -> subprocess.Popen[str]:
    """Deploy in a process of its own."""
    # a test run in the background has switched Ctrl-C off, which its children would inherit
    code = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n{DEPLOY}"
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder), board.address(place), *board.ssh],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_deployments_at_once(board: Board, tmp_path: Path, packages: list[Path], pipe: Path) -> None:
    place = tmp_path / "place"
    first = start(board, packages[0], place)
    held = os.open(pipe, os.O_WRONLY)  # the first has come as far as that
    with pytest.raises(UnavailableError, match=f"another deployment is running, by .*, process {first.pid}"):
        deploy(board, packages[1], place)
    os.close(held)
    assert first.communicate()[1] == ""
    assert first.returncode == 0
    assert same_files(place / "current", packages[0])
    assert deploy(board, packages[1], place).previous is not None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_deployment_that_is_interrupted(
    board: Board, tmp_path: Path, packages: list[Path], pipe: Path, number: signal.Signals
) -> None:
    place = tmp_path / "place"
    shutil.copytree(package_in_use(board, packages[0], tmp_path / "before"), place, symlinks=True)
    running = start(board, packages[1], place)
    held = os.open(pipe, os.O_WRONLY)
    running.send_signal(number)
    told = running.communicate()[1]
    assert ("KeyboardInterrupt" in told) is (number == signal.SIGINT)
    assert running.returncode != 0
    os.close(held)
    assert (place / LOCK).exists() is (number == signal.SIGKILL)
    assert same_files(place / "current", packages[0])
    assert deploy(board, packages[1], place).switched
    assert same_files(place / "current", packages[1])
    assert not (place / LOCK).exists()


def package_in_use(board: Board, folder: Path, place: Path) -> Path:
    """A place on the board where a package is in use, made while the pipe is away."""
    pipe = place.parent / "pipe"
    pipe.rename(place.parent / "aside")
    deploy(board, folder, place)
    (place.parent / "aside").rename(pipe)
    return place
