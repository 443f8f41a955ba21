"""`zoo deploy --to`: from the registry to a board behind a real SSH server, run there, and back again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.world import Zoo, assert_says, files_below

pytest.importorskip("tests.ssh_server")  # a board on loopback

pytestmark = pytest.mark.server

SHAPES = "zoo/deeplabv3-shapes"


def test_a_package_reaches_a_board_and_tests_itself_there(shipped: Zoo, board: Any, tmp_path: Path) -> None:
    shipped.environment["ZOO_SSH"] = " ".join(board.ssh)
    place = tmp_path / "opt/a 'b'"
    for name in ("128-int8-per-channel", "128-int8-qdq"):
        result = shipped("deploy", f"{SHAPES}/{name}", "--target", "linux", "--to", board.address(place))
        assert result.code == 0, result
        assert "On the device" in result.out
        assert f"deeplabv3-shapes-{name}" in result.out.partition("On the device")[2]
        script = place / "current/segment.py"
        tested = subprocess.run([sys.executable, script, "--selftest"], capture_output=True, text=True, check=False)
        assert (tested.returncode, tested.stdout.split(" (")[0]) == (0, "shapes: pass"), tested
    assert (place / "current/deeplabv3-shapes-128-int8-qdq.onnx").is_file()
    assert shipped("rollback", board.address(place)).code == 0
    assert (place / "current/deeplabv3-shapes-128-int8-per-channel.tflite").is_file()


def test_programs_are_told_what_the_board_has(shipped: Zoo, board: Any, tmp_path: Path) -> None:
    shipped.environment["ZOO_SSH"] = " ".join(board.ssh)
    to = board.address(tmp_path / "opt")
    result = shipped("deploy", f"{SHAPES}/128-int8-qdq", "--target", "linux", "--to", to, "--format", "json")
    assert result.code == 0, result
    assert result.json()["installed"]["current"]["name"] == "deeplabv3-shapes-128-int8-qdq"


def test_an_address_that_is_none(shipped: Zoo) -> None:
    result = shipped("deploy", f"{SHAPES}/128-int8-qdq", "--target", "linux", "--to", "board:/opt")
    assert result.code == 2, result
    assert_says(result, "ssh://")
    assert files_below(shipped.work) == []
