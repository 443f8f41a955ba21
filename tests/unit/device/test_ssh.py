"""A device behind a real SSH server, which has nothing but busybox."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.device import shell
from registry.device.address import Address
from registry.device.ssh import Ssh
from registry.errors import MismatchError, RequestError, UnavailableError, ZooError
from tests.ssh_server import BUSYBOX, Board
from tests.unit.strategies import PROPERTY

pytestmark = pytest.mark.server

NASTY = (
    "a b",
    "'",
    '"',
    "$HOME",
    "`id`",
    "$(id)",
    "\\",
    "a\nb",
    "-rf",
    "*",
    "",
    "é",
    "\udcff",
    ";",
    "!x",
    "~",
    "#",
)


def connect(board: Board) -> Ssh:
    return Ssh(Address.parse(board.address()), board.ssh)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusal(board: Board, address: str | None = None) -> ZooError:
    with pytest.raises(UnavailableError) as caught, Ssh(Address.parse(address or board.address()), board.ssh):
        pass
    return caught.value


@PROPERTY
@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1))
def test_words_reach_a_shell_as_they_are(words: list[str]) -> None:
    command = shell.script('for word in "$@"; do printf "%s\\0" "$word"; done', *words)
    done = subprocess.run(["sh", "-c", shell.line(command)], capture_output=True, check=True)
    assert done.stdout.decode() == "".join(f"{word}\0" for word in words)


def test_a_command_gets_its_words_and_its_input_and_is_answered(board: Board) -> None:
    told = r'for word in "$@"; do printf "%s\0" "$word"; done; cat; echo "$PATH" >&2; exit 7'
    with connect(board) as device:
        answer = device.run(shell.script(told, *NASTY), data=b"\x00\xff input")
        assert answer.output == b"".join(os.fsencode(word) + b"\0" for word in NASTY) + b"\x00\xff input"
        assert (answer.code, answer.errors) == (7, f"{board.tools}\n")
        assert device.run(["sh", "-c", "exit 255"]).code == 254
        assert device.run(["missing-command"]).code == 127
        with pytest.raises(RequestError, match="no command"):
            device.run(["echo", "a\0b"])
        line = device.run(["cat", f"/proc/{device.process}/cmdline"]).output
        assert line.endswith(f"\0{shell.SESSION}\0".encode())


def test_a_command_that_does_not_end(board: Board, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with connect(board) as device, pytest.raises(UnavailableError, match=r"did not end within 0\.1 s"):
        device.run(["cat", f"{tmp_path}/pipe"], seconds=0.1)
    os.close(os.open(tmp_path / "pipe", os.O_RDWR | os.O_NONBLOCK))  # lets the command end on the other side


@pytest.mark.parametrize(
    "name", ["plain", "a b", "-rf", "it's", 'say "x"', "$HOME", "back\\slash", "new\nline", "*"]
)
def test_a_file_arrives_whole_under_any_name(board: Board, tmp_path: Path, name: str) -> None:
    data = bytes(range(256)) * 2000
    (tmp_path / "file").write_bytes(data)
    sent: list[int] = []
    with connect(board) as device:
        device.put(tmp_path / "file", f"{tmp_path}/{name}/{name}", sent.append)
    assert (tmp_path / name / name).read_bytes() == data
    assert sum(sent) == len(data)
    assert names(tmp_path / name) == [name]


@pytest.mark.parametrize("tool", ["openssl", "python3"])
def test_other_tools_serve_for_digests(board: Board, tmp_path: Path, tool: str) -> None:
    real = {"openssl": "/usr/bin/openssl", "python3": sys.executable}[tool]
    if not Path(real).exists():
        pytest.skip(f"needs {tool}")
    board.tool("sha256sum", "")
    board.tool(tool, f'exec {real} "$@"')
    (tmp_path / "file").write_bytes(b"data")
    with connect(board) as device:
        device.put(tmp_path / "file", f"{tmp_path}/there")
    assert (tmp_path / "there").read_bytes() == b"data"


def failing_put(board: Board, tmp_path: Path, destination: str = "there") -> ZooError:
    """Why a file of 300 kB does not arrive. Whatever was there stays, and nothing else comes to be."""
    (tmp_path / "file").write_bytes(b"x" * 300_000)
    (tmp_path / "there").write_bytes(b"old")
    with connect(board) as device, pytest.raises(ZooError) as caught:
        device.put(tmp_path / "file", f"{tmp_path}/{destination}")
    assert names(tmp_path) == ["file", "there"]
    assert (tmp_path / "there").read_bytes() == b"old"
    return caught.value


def test_a_device_without_a_tool_for_digests(board: Board, tmp_path: Path) -> None:
    board.tool("sha256sum", "")
    error = failing_put(board, tmp_path)
    assert isinstance(error, UnavailableError)
    assert "sha256sum" in str(error.hint)


def test_other_bytes_arrive(board: Board, tmp_path: Path) -> None:
    board.tool("cat", f"{BUSYBOX} cat; echo more")
    error = failing_put(board, tmp_path)
    assert isinstance(error, MismatchError)
    assert error.expected != error.found
    assert "/there" in error.message


def test_a_disk_that_is_full(board: Board, tmp_path: Path) -> None:
    board.behave("ulimit -f 100")
    error = failing_put(board, tmp_path)
    assert isinstance(error, UnavailableError)
    assert "cannot be written" in error.message


def test_a_folder_in_the_place_of_the_file(board: Board, tmp_path: Path) -> None:
    assert "is a folder" in failing_put(board, tmp_path, "").message


def test_a_place_that_cannot_be(board: Board, tmp_path: Path) -> None:
    assert "there" in failing_put(board, tmp_path, "there/below/file").message


def test_a_file_that_is_not_here(board: Board, tmp_path: Path) -> None:
    with connect(board) as device, pytest.raises(UnavailableError, match="cannot be read"):
        device.put(tmp_path / "missing", f"{tmp_path}/there")


def test_a_connection_lost_while_a_file_is_sent(board: Board, tmp_path: Path) -> None:
    board.behave(f"""case $command in *zoo-part*)
        {{ {BUSYBOX} head -c 10000; lose; }} | sh -c "$command"
        exit ;;
    esac""")
    (tmp_path / "file").write_bytes(b"x" * 300_000)
    with connect(board) as device:
        with pytest.raises(UnavailableError, match="the connection was lost"):
            device.put(tmp_path / "file", f"{tmp_path}/there/file")
        with pytest.raises(UnavailableError, match="the connection was lost"):
            device.run(["sh", "-c", "echo hello"])
    assert not (tmp_path / "there" / "file").exists()
    board.reset()
    with connect(board) as device:
        device.put(tmp_path / "file", f"{tmp_path}/there/file")
    assert names(tmp_path / "there") == ["file"]


def test_an_unknown_host_key_is_never_accepted_unseen(board: Board) -> None:
    (board.folder / "known_hosts").write_text("", encoding="ascii")
    error = refusal(board)
    assert "its host key is not known here" in error.message
    assert f"ssh -p {board.port} " in str(error.hint)
    assert (board.folder / "known_hosts").read_text(encoding="ascii") == ""


def test_a_changed_host_key_is_refused_with_its_place(board: Board) -> None:
    board.know("other")
    error = refusal(board)
    assert f"{board.folder}/known_hosts, line 1" in error.message
    assert f"ssh-keygen -R '[127.0.0.1]:{board.port}'" in str(error.hint)


def test_a_refused_login(board: Board) -> None:
    error = refusal(board, board.address().replace("ssh://", "ssh://nobody%20here@").replace("@root@", "@"))
    assert "login was refused" in error.message
    assert "ssh-copy-id" in str(error.hint)


def test_a_port_where_nobody_listens(board: Board) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = refusal(board, f"ssh://127.0.0.1:{port}/x")
    assert "the connection was refused" in error.message


def test_a_host_that_is_not_found(board: Board) -> None:
    assert "the host was not found" in refusal(board, "ssh://no-such-host.invalid/x").message


def test_a_server_that_ends_at_once(board: Board) -> None:
    board.behave("lose")
    assert "the connection was lost" in refusal(board).message


def test_a_login_shell_that_talks(board: Board) -> None:
    board.behave("echo Welcome")
    error = refusal(board)
    assert "found 'Welcome'" in error.message
    assert ".bashrc" in str(error.hint)


def test_no_ssh_here(board: Board) -> None:
    device = Ssh(Address.parse(board.address()), ("no-such-ssh",))
    with pytest.raises(UnavailableError, match="no-such-ssh: cannot be started"):
        device.__enter__()


def test_an_option_that_ssh_does_not_know(board: Board) -> None:
    device = Ssh(Address.parse(board.address()), (*board.ssh, "-o", "NoSuchOption=1"))
    with pytest.raises(UnavailableError, match="Bad configuration option"):
        device.__enter__()
