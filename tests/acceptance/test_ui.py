"""`zoo ui`: MLflow's own pages, on this machine only, ended with Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import socket
import urllib.request
from pathlib import Path

from tests.acceptance.world import INTERRUPTIBLE, Cards, Zoo, assert_says, model_bytes, pinned


def test_pages_are_served_until_they_are_ended(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("small", model_bytes()))
    assert zoo("sync").code == 0
    running = zoo.start("ui", "--no-open", "--port", "0", starter=INTERRUPTIBLE)
    assert running.stdout is not None
    address = running.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
    with urllib.request.urlopen(f"{address}/api/2.0/mlflow/registered-models/search") as answer:
        assert b'"acme.net"' in answer.read()
    port = int(address.rpartition(":")[2])
    taken = zoo("ui", "--no-open", "--port", str(port))
    assert taken.code == 2, taken
    assert_says(taken, f"127.0.0.1:{port} is taken", "--port")
    os.killpg(running.pid, signal.SIGINT)
    result = zoo.finish(running)
    assert result.code == 0, result
    assert result.err.splitlines() == ["Ctrl-C ends it", "ended"]
    with socket.socket() as free:  # nobody listens there any more
        assert free.connect_ex(("127.0.0.1", port)) != 0


def test_an_address_of_a_server_is_only_said(zoo: Zoo) -> None:
    result = zoo("ui", "--no-open", "--tracking", "http://ann:pa55@example.org:5000/")
    assert (result.code, result.out, result.err) == (0, "http://example.org:5000\n", "")


def test_nothing_tracked_yet_is_told(zoo: Zoo, tmp_path: Path) -> None:
    result = zoo("ui", "--no-open", "--tracking", f"sqlite:///{tmp_path}/none.db")
    assert result.code == 3, result
    assert_says(result, "nothing is tracked there yet", "zoo sync")
    assert not (tmp_path / "none.db").exists()
