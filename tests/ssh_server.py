"""Debian's sshd on loopback as a board: a host key, a login key, a port and temporary folders of its own.

Every command of the client goes through a shell script of the board's, which a test may make weak or faulty. The
home folder is the board's too, so that no start-up file of the login shell has a part in it.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

COMMAND = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

TOOLS = ("sh", "cat", "mv", "ln", "mkdir", "rm", "chmod", "sha256sum", "df", "sync")
"""All that a board needs to have."""

BUSYBOX = shutil.which("busybox") or ""

# a shell on the way to the command may be its own process or not, so the server's is looked for
_BOARD = """#!{busybox} sh
command=$SSH_ORIGINAL_COMMAND
export command
PATH='{tools}'
export PATH
lose() {{
    process=$$
    while read -r _ name _ parent _ < /proc/$process/stat; do
        case $name in '(sshd'*) break ;; esac
        process=$parent
    done
    kill -9 $process
    exit 1
}}
{before}
exec sh -c "$command"
"""

_SERVER = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/login.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 100
ForceCommand {folder}/board
SetEnv HOME={folder}
"""
_CLIENT = """
Host 127.0.0.1 localhost board
    HostName 127.0.0.1
    IdentityFile {folder}/login
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile {folder}/known_hosts
    GlobalKnownHostsFile /dev/null
"""


@dataclass
class Board:
    """A board on loopback.

    Attributes:
        folder: Its keys and configuration.
        port: TCP port.
        tools: Folder of the commands that it has, nothing else being found there.
    """

    folder: Path
    port: int
    tools: Path

    @property
    def ssh(self) -> tuple[str, ...]:
        """The client's command."""
        return ("ssh", "-F", str(self.folder / "client"))

    def address(self, path: Path | str = "") -> str:
        """Address of a folder on the board."""
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{quote(str(path))}"

    def reset(self) -> None:
        """Be a board that works, whose host key the client knows."""
        for path in self.tools.iterdir():
            path.unlink()
        for name in TOOLS:
            (self.tools / name).symlink_to(BUSYBOX)
        self.behave()
        self.know("host")

    def behave(self, before: str = "") -> None:
        """From now on run lines of the shell before every command, which is in `$command`.

        They may call `lose`, which breaks the connection at once.
        """
        new = self.folder / "board.new"
        new.write_text(_BOARD.format(busybox=BUSYBOX, tools=self.tools, before=before), encoding="utf-8")
        new.chmod(0o755)
        new.replace(self.folder / "board")

    def lose_at(self, number: int) -> None:
        """Break the connection in the place of a command, counted from 1, which is the greeting."""
        count = self.folder / "count"
        count.write_text("0\n", encoding="ascii")
        self.behave(
            f"""
            read -r count < {count}
            echo $((count + 1)) > {count}
            [ $count -ne {number - 1} ] || lose
            """
        )

    def tool(self, name: str, text: str) -> None:
        """Put a script in the place of one of the board's tools; an empty text takes the tool away."""
        path = self.tools / name
        path.unlink(missing_ok=True)
        if text:
            path.write_text(f"#!{BUSYBOX} sh\n{text}\n", encoding="utf-8")
            path.chmod(0o755)

    def know(self, key: str) -> None:
        """Make the client know a host key, as the board's."""
        public = (self.folder / f"{key}.pub").read_text(encoding="ascii")
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public}", encoding="ascii")


@contextlib.contextmanager
def running_board(folder: Path) -> Iterator[Board]:
    """Run a board that has busybox and nothing else, and whose host key the client knows."""
    if not COMMAND:
        pytest.skip("needs the Debian package openssh-server")
    if not BUSYBOX:
        pytest.skip("needs the Debian package busybox")
    folder.mkdir()
    for name in ("host", "login", "other"):
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(keygen, check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where a server of root's puts its lesser half
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    made = Board(folder, port, folder / "tools")
    made.tools.mkdir()
    for name, text in (("server", _SERVER), ("client", _CLIENT)):
        (folder / name).write_text(text.format(folder=folder, port=port), encoding="utf-8")
    made.reset()
    with _running(made):
        yield made


@contextlib.contextmanager
def _running(made: Board) -> Iterator[None]:
    with (made.folder / "log").open("wb") as log:
        process = subprocess.Popen([str(COMMAND), "-D", "-e", "-f", str(made.folder / "server")], stderr=log)
        try:
            while True:
                with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", made.port)):
                    break
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.02)
                    raise AssertionError(f"sshd ended: {(made.folder / 'log').read_text()}")
            yield
        finally:
            process.terminate()
            process.wait()
