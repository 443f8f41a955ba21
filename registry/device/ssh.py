"""A device behind SSH, by the `ssh` command of OpenSSH: so the user's configuration, agents and keys work.

One connection carries every command (`ControlMaster`); its keep-alives notice a device that has gone.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO

from registry.device import shell
from registry.device.address import Address
from registry.device.base import Answer
from registry.device.failure import failure, no_digest_tool, not_written
from registry.digest import Digest
from registry.errors import MismatchError, UnavailableError
from registry.files import open_regular, unreadable
from registry.progress import Advance

OPTIONS = {
    "BatchMode": "yes",  # never a question
    "StrictHostKeyChecking": "yes",  # never a key accepted unseen
    "ConnectTimeout": "20",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "4",
    "ControlPersist": "no",
    "ClearAllForwardings": "yes",
    "RemoteCommand": "none",
    "RequestTTY": "no",
    "LogLevel": "INFO",  # quieter ones hide why a login fails
}
"""Options that hold whatever the user's configuration says."""

LOST = 255
"""Exit code with which `ssh` says that it failed itself."""

MAX_OUTPUT_BYTES = 64 << 20

_GREETING_SECONDS = 120.0
_TICK_SECONDS = 0.1
_LONGEST_SOCKET_FOLDER = 60
_GREET = f'echo "{shell.SESSION} $$"; read -r end'
_PUT = (
    shell.DIGEST
    + r"""
to=$1 want=$2 part=$1.zoo-part-$$
if [ -d "$to" ]; then echo 'is a folder' >&2; exit 1; fi
case $to in */*) mkdir -p -- "${to%/*}" || exit 1 ;; esac
rm -f -- "$to".zoo-part-*
if cat > "$part"; then
    found=$(digest "$part")
    if [ "$found" = "$want" ]; then mv -f -- "$part" "$to" && exit 0; else echo "$found"; fi
fi
rm -f -- "$part"
exit 1
"""
)


class Ssh:
    """A device behind SSH; connected while used as a context manager.

    Attributes:
        name: `user@host[:port]`, for messages.
        process: Number of a process on the device that lives as long as the connection.
    """

    def __init__(self, address: Address, command: Sequence[str] = ("ssh",)) -> None:
        """Name the device; nothing is connected yet.

        Args:
            address: Where it is.
            command: The `ssh` command, with options of the user's if need be.
        """
        self.name = address.place
        self.process = 0
        self._address = address
        self._command = tuple(command)
        self._socket = ""
        self._master: subprocess.Popen[bytes] | None = None
        self._lost = False
        self._stack = ExitStack()

    def __enter__(self) -> Ssh:
        """Connect.

        Raises:
            UnavailableError: There is no `ssh` here, the device cannot be reached, login was refused, or the host
                key is not the known one.
        """
        with ExitStack() as stack:
            folder = tempfile.gettempdir() if len(tempfile.gettempdir()) <= _LONGEST_SOCKET_FOLDER else "/tmp"  # noqa: S108 - private folder in it
            self._socket = stack.enter_context(tempfile.TemporaryDirectory(prefix="zoo-", dir=folder)) + "/ssh"
            errors = stack.enter_context(tempfile.TemporaryFile())
            command = shell.line(["sh", "-c", _GREET, shell.SESSION])
            self._master = self._start("yes", command, subprocess.PIPE, subprocess.PIPE, errors)
            stack.callback(_end, self._master)
            self.process = self._greeted(self._master, errors)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        self._stack.close()

    def run(self, command: Sequence[str], *, data: bytes = b"", seconds: float = 600) -> Answer:
        """Run a command to its end; an exit code of 255, with which SSH means itself, is told as 254.

        Raises:
            RequestError: A word cannot be part of a command.
            UnavailableError: The connection was lost or refused, or the command did not end in time or wrote too
                much.
        """
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            return self._call(command, file, seconds)

    def put(self, source: Path, destination: str, advance: Advance = lambda _amount: None) -> None:
        """Copy a file to the device, whole or not at all, its digest compared there. Makes the folders above it.

        Args:
            source: A regular file here.
            destination: Its path there.
            advance: Hears of the bytes as they are sent.

        Raises:
            MismatchError: Other bytes arrived.
            UnavailableError: As of `run`; or the file cannot be read here or written there.
        """
        place = destination if destination.startswith("/") else f"./{destination}"
        try:
            digest = Digest.of_file(source)
            with open_regular(source) as file:
                answer = self._call(shell.script(_PUT, place, digest.hex), file, 600, advance)
        except OSError as error:
            raise unreadable(source, error) from None
        if answer.code:
            raise self._not_written(destination, digest, answer)

    def _not_written(self, destination: str, digest: Digest, answer: Answer) -> UnavailableError | MismatchError:
        found = answer.output.decode(errors="replace").strip()
        if found == "none":
            return no_digest_tool(self.name)
        if found:
            return MismatchError(
                f"{self.name}: {destination}",
                expected=str(digest),
                found=f"sha256:{found[:64]}",
                hint="what arrived was removed: the file changed meanwhile, or the device's memory or disk fails",
            )
        return not_written(self.name, destination, answer)

    def _call(
        self, command: Sequence[str], data: IO[bytes], seconds: float, advance: Advance = lambda _amount: None
    ) -> Answer:
        if self._lost or self._master is None or self._master.poll() is not None:
            raise failure(self._address, "")  # ssh would connect again by itself, without what holds the session
        # 255 of the command itself would read as one of ssh
        line = f"{shell.line(command)}; code=$?; [ $code -ne {LOST} ] || code={LOST - 1}; exit $code"
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = self._start("no", line, data, output, errors)
            try:
                self._wait(process, data, (output, errors), seconds, advance)
            except BaseException:
                process.kill()
                process.wait()
                raise
            output.seek(0)
            said = _text(errors)
            if process.returncode == LOST or process.returncode < 0:
                self._lost = True  # the master may take its time to see it, and to end
                raise failure(self._address, said)
            return Answer(process.returncode, output.read(), said)

    def _wait(
        self,
        process: subprocess.Popen[bytes],
        data: IO[bytes],
        written: Sequence[IO[bytes]],
        seconds: float,
        advance: Advance,
    ) -> None:
        """Wait for a command, which has its time anew whenever it has taken more of its input."""
        sent, deadline = 0, time.monotonic() + seconds
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_TICK_SECONDS)
            # the child shares the file with us, and with it the place up to which it has read
            place = os.lseek(data.fileno(), 0, os.SEEK_CUR)
            if place > sent:
                advance(place - sent)
                sent, deadline = place, time.monotonic() + seconds
            if process.returncode is not None:
                return
            if time.monotonic() > deadline:
                raise UnavailableError(
                    f"{self.name}: a command did not end within {seconds:g} s", hint="see what the device is doing"
                )
            if sum(os.fstat(file.fileno()).st_size for file in written) > MAX_OUTPUT_BYTES:
                raise UnavailableError(f"{self.name}: a command wrote more than {MAX_OUTPUT_BYTES >> 20} MiB")

    def _start(
        self,
        master: str,
        line: str,
        data: IO[bytes] | int,
        output: IO[bytes] | int,
        errors: IO[bytes],
    ) -> subprocess.Popen[bytes]:
        path = self._socket.replace("%", "%%")
        options = {**OPTIONS, "ControlMaster": master, "ControlPath": f'"{path}"'}
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        words += ["-p", str(self._address.port)] if self._address.port else []
        words += ["-l", self._address.user] if self._address.user else []
        try:
            # a session of its own: Ctrl-C is for us to answer, who still have to tidy up on the device
            return subprocess.Popen(  # noqa: S603 - the user's own command
                [*self._command, *words, "--", self._address.host, line],
                stdin=data,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            raise UnavailableError(
                f"{self._command[0]}: cannot be started: {error.strerror or error}",
                hint="devices are reached by OpenSSH's `ssh`: install it, or name it with the setting `ssh`",
            ) from None

    def _greeted(self, master: subprocess.Popen[bytes], errors: IO[bytes]) -> int:
        """The process number that the session tells when it has begun."""
        output = master.stdout
        assert output is not None  # noqa: S101 - narrows the type
        ready, _, _ = select.select([output], [], [], _GREETING_SECONDS)
        first = output.readline(1000).decode(errors="replace").strip() if ready else ""
        name, _, number = first.rpartition(" ")
        if name == shell.SESSION and number.isdecimal():
            return int(number)
        if first:
            raise UnavailableError(
                f"{self.name}: expected silence before a command's own output, found {ascii(first)[:120]}",
                hint="see which start-up file of the login shell prints there, such as ~/.bashrc; make it quiet",
            )
        if not ready:
            raise UnavailableError(f"{self.name}: no session within {_GREETING_SECONDS:g} s")
        master.wait()
        raise failure(self._address, _text(errors))


def _end(master: subprocess.Popen[bytes]) -> None:
    """End a session by the end of its input, so that the other side ends by itself."""
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            master.communicate(timeout=5)
    finally:
        master.kill()
        master.wait()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(1 << 20).decode(errors="replace")
