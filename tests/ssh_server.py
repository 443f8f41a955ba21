"""Debian's sshd on loopback as a board: a host key, a login key, a port and temporary folders of its own.

Every command of the client goes through a shell script of the board's, which a test may make weak or faulty.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

COMMAND = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

TOOLS = ("sh", "cat", "mv", "ln", "mkdir", "rm", "chmod", "sha256sum", "df", "sync")
"""All that a board needs to have."""

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
        before: Lines of the shell that are run before every command, which is in `$command`.
    """

    folder: Path
    port: int
    tools: Path
    before: str = ""
    _log: IO[bytes] | None = field(default=None, repr=False)

    @property
    def ssh(self) -> tuple[str, ...]:
        """The client's command."""
        return ("ssh", "-F", str(self.folder / "client"))

    @property
    def log(self) -> str:
        """What the server said."""
        return (self.folder / "log").read_text(errors="replace")

    def address(self, path: Path | str = "") -> str:
        """Address of a folder on the board."""
        from urllib.parse import quote

        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{quote(str(path))}"

    def behave(self, before: str = "") -> None:
        """From now on run these lines before every command."""
        busybox = shutil.which("busybox")
        lines = [
            f"#!{busybox} sh",
            "command=$SSH_ORIGINAL_COMMAND; export command",
            f"PATH={shlex.quote(str(self.tools))}; export PATH",
            before,
            'exec sh -c "$command"',
        ]
        new = self.folder / "board.new"
        new.write_text("\n".join(lines) + "\n", encoding="utf-8")
        new.chmod(0o755)
        new.replace(self.folder / "board")

    def tool(self, name: str, text: str) -> None:
        """Put a script in the place of one of the board's tools; an empty text takes the tool away."""
        path = self.tools / name
        path.unlink(missing_ok=True)
        if text:
            path.write_text(f"#!{shutil.which('busybox')} sh\n{text}\n", encoding="utf-8")
            path.chmod(0o755)

    def known(self, key: str = "host") -> None:
        """Make the client know a host key, as the board's."""
        public = (self.folder / f"{key}.pub").read_text(encoding="ascii")
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public}", encoding="ascii")


@contextlib.contextmanager
def board(folder: Path) -> Iterator[Board]:
    """Run a board that has busybox and nothing else, and whose host key the client knows."""
    if not COMMAND:
        pytest.skip("needs the Debian package openssh-server")
    if not shutil.which("busybox"):
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
    for name in TOOLS:
        (made.tools / name).symlink_to(str(shutil.which("busybox")))
    for name, text in (("server", _SERVER), ("client", _CLIENT)):
        (folder / name).write_text(text.format(folder=folder, port=port), encoding="utf-8")
    made.behave()
    made.known()
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
                    raise AssertionError(f"sshd ended: {made.log}")
            yield
        finally:
            process.terminate()
            process.wait()
