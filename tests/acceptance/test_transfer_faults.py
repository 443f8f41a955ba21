"""What a pull survives and what it leaves alone: killed anywhere, a disk that fills, old parts, unneeded reads."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from registry.digest import Digest
from registry.store.cache import ABANDONED_SECONDS
from tests import simulator as web
from tests.acceptance.test_pull_machine import limited
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, mirror_of, model_bytes, pinned
from tests.simulator import Simulator

DATA = model_bytes(2 << 20)
KILLS = 10
SEED = 20

KILLED = """
import os, signal, sys, threading
from cli.main import main
stop, steps, lock = int(sys.argv[1]), 0, threading.Lock()
watched = {"open", "os.rename", "os.remove", "os.mkdir", "os.link", "os.chmod", "os.truncate", "socket.connect"}
def hook(event, arguments):
    global steps
    if event in watched:
        with lock:
            steps += 1
            if steps == stop:
                os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
code = main(sys.argv[2:])
print("STEPS", steps, file=sys.stderr)
sys.exit(code)
"""


def stopped_at(zoo: Zoo, stop: int, *arguments: str) -> tuple[int, int]:
    """Exit code of a pull that is killed before its nth step at files and sockets, and how many steps it made."""
    process = subprocess.run(
        [sys.executable, "-c", KILLED, str(stop), *arguments],
        cwd=zoo.work,
        env=zoo.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    counted = process.stderr.rpartition("STEPS ")[2].strip()
    return process.returncode, int(counted) if counted.isdecimal() else 0


def assert_nothing_wrong(zoo: Zoo, *contents: bytes) -> None:
    """Whatever looks verified is right; whatever lies in the output is whole."""
    for path in zoo.blobs():
        assert Digest.of(path.read_bytes()).hex == path.name
    for path in files_below(zoo.work / "out"):
        if path.suffix == ".tflite":
            assert path.read_bytes() in contents
    if (zoo.work / "zoo.lock").exists():
        assert zoo.lock()["pulls"]


def test_a_pull_killed_at_ten_random_points_leaves_nothing_wrong(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    contents = [model_bytes((1 << 19) + number, seed=number) for number in range(3)]
    variant = pinned("net", contents[0], simulator.route("/0", web.ranged(contents[0], cut=1 << 18)))
    for number, data in enumerate(contents[1:], 1):
        url = simulator.route(f"/{number}", web.ranged(data, cut=1 << 18))
        extra = pinned(f"more{number}", data, url)["artifacts"][0]
        variant["artifacts"].append({**extra, "role": "configuration"})
    cards.card(variant)
    arguments = ("pull", "net", "-o", "out")
    code, steps = stopped_at(zoo, 0, *arguments, "--cache", str(zoo.folder / "whole"))
    assert code == 0
    assert steps > 10 * KILLS
    for stop in random.Random(SEED).sample(range(1, steps * 9 // 10), KILLS):
        for path in [*files_below(zoo.work), *files_below(zoo.cache)]:
            path.unlink()
        code, _ = stopped_at(zoo, stop, *arguments)
        assert code == -signal.SIGKILL
        assert_nothing_wrong(zoo, *contents)
        result = zoo(*arguments)
        assert result.code == 0, result
        assert_nothing_wrong(zoo, *contents)
        placed = {path.read_bytes() for path in files_below(zoo.work / "out") if path.suffix == ".tflite"}
        assert placed == set(contents)
        assert files_below(zoo.cache / "incoming") == []


class TestFullDisk:
    """A disk that fills in the middle keeps what fits."""

    def test_the_next_pull_with_space_goes_on(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        url = simulator.route("/net", web.ranged(DATA))
        cards.card(pinned("net", DATA, url))
        assert zoo("list").code == 0
        result = zoo.under(limited(1 << 20), "pull", "net")
        assert result.code == 3, result
        assert_says(result, "net.tflite", str(zoo.cache), "File too large", "--cache")
        assert zoo.leftovers() == []
        (part,) = (path for path in files_below(zoo.cache / "incoming") if path.suffix == ".part")
        kept = part.stat().st_size
        assert 0 < kept <= 1 << 20
        result = zoo("pull", "net", "-o", "out")
        assert result.code == 0, result
        assert simulator.headers[-1]["Range"] == f"bytes={kept}-"
        assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA


class TestOldParts:
    """Parts that nobody has gone on with."""

    def leave(self, zoo: Zoo, name: str, age: float, data: bytes = b"part") -> Path:
        path = zoo.cache / "incoming" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        then = path.stat().st_mtime - age
        os.utime(path, (then, then))
        return path

    def test_they_are_removed_when_a_transfer_starts_and_not_before(
        self, zoo: Zoo, cards: Cards, simulator: Simulator
    ) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.ranged(DATA))))
        other = Digest.of(b"other").hex
        old = [
            self.leave(zoo, name, ABANDONED_SECONDS + 60)
            for name in (f"{other}.part", f"{other}.etag", f"{other}.aside", "tmpabc.part")
        ]
        young = self.leave(zoo, f"{Digest.of(b'young').hex}.part", ABANDONED_SECONDS - 3600)
        assert zoo("pull", "net", "--dry-run").code == 0
        assert all(path.exists() for path in old)
        assert zoo("pull", "net").code == 0
        assert files_below(zoo.cache / "incoming") == [young]
        again = self.leave(zoo, "tmpdef.part", ABANDONED_SECONDS + 60)
        assert zoo("pull", "net").code == 0  # from the cache
        assert again.exists()

    def test_the_one_that_is_about_to_be_gone_on_with_stays(
        self, zoo: Zoo, cards: Cards, simulator: Simulator
    ) -> None:
        cards.card(pinned("net", DATA, simulator.route("/net", web.ranged(DATA))))
        self.leave(zoo, f"{Digest.of(DATA).hex}.part", ABANDONED_SECONDS + 60, DATA[: 1 << 20])
        assert zoo("pull", "net").code == 0
        assert simulator.headers[-1]["Range"] == f"bytes={1 << 20}-"

    def test_one_that_another_process_holds_stays(self, zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
        gate, first = simulator.gate(), model_bytes(seed=3)
        cards.card(pinned("net", DATA, simulator.route("/net", web.ranged(DATA))))
        cards.card(
            pinned("slow", first, simulator.route("/slow", web.ranged(first, cut=9, gate=gate))), model="slow"
        )
        process = zoo.start("pull", "slow", "-o", "slow", "--lock", "slow.lock")
        gate.expect(lambda: process.poll() is None)
        part = zoo.cache / "incoming" / f"{Digest.of(first).hex}.part"
        then = part.stat().st_mtime - ABANDONED_SECONDS - 60
        os.utime(part, (then, then))
        assert zoo("pull", "net").code == 0
        assert part.exists()
        gate.open()
        assert zoo.finish(process).code == 0
        assert (zoo.work / "slow" / "slow.tflite").read_bytes() == first


OPENED = """
import json, sys
from cli.main import main
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
code = main(sys.argv[1:])
print("OPENED", json.dumps(opened), file=sys.stderr)
sys.exit(code)
"""


def opened_by(zoo: Zoo, *arguments: str) -> list[Path]:
    """Files that a run of the command opened, for whatever purpose."""
    process = subprocess.run(
        [sys.executable, "-c", OPENED, *arguments],
        cwd=zoo.work,
        env=zoo.environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert process.returncode == 0, process.stderr
    names = json.loads(process.stderr.rpartition("OPENED ")[2])
    return [zoo.work / name for name in names]


def test_a_pull_of_what_is_there_opens_neither_the_blob_nor_the_output(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("net", DATA))
    mirror = mirror_of(zoo.folder / "mirror", DATA)
    arguments = ("pull", "net", "--mirror", str(mirror), "-o", "out")
    blob, output = zoo.cache / Digest.of(DATA).blob_path, zoo.work / "out" / "net.tflite"
    assert zoo(*arguments).code == 0
    assert not {blob, output} & set(opened_by(zoo, *arguments))
    os.utime(blob, (0, 0))  # touched, so that it is read again, once
    assert blob in opened_by(zoo, *arguments)
    assert not {blob, output} & set(opened_by(zoo, *arguments))


def test_credentials_and_tokens_are_nowhere(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    secret = "s3cret-word"
    wrong = simulator.route("/wrong", web.whole(model_bytes(2 << 20, seed=9)))
    busy = simulator.route("/busy", web.status(503, **{"Retry-After": "86400"}))
    cut = simulator.route("/cut", web.one_after_another(web.ranged(DATA, cut=1 << 20), web.status(403)))
    good = simulator.route("/net", web.ranged(DATA))
    urls = [f"{url.replace('//', f'//user:{secret}@')}?token={secret}" for url in (wrong, busy, cut, good)]
    cards.card(pinned("net", DATA, *urls))
    result = zoo("pull", "net", "--verbose", "-o", "out")
    assert result.code == 0, result
    assert_says(result, wrong, busy, "Retry-After: 86400", cut, "403")
    assert secret not in result.out + result.err
    written = [path for path in files_below(zoo.cache) + files_below(zoo.work) if "catalogue" not in path.parts]
    named = [path.name for path in written if secret.encode() in path.read_bytes()]
    assert set(named) <= {"net.card.yaml", "net.licence.txt"}, "only the card itself, which its author wrote so"
    assert secret not in (zoo.work / "zoo.lock").read_text(encoding="utf-8")
