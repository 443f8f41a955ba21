"""Measuring on a board behind a real SSH server, which has busybox and a fake `benchmark_model`."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from registry.digest import Digest
from tests.acceptance.world import Cards, Result, Zoo, assert_says, pinned
from tests.ssh_server import BUSYBOX, Board
from tests.unit import builders
from tests.unit.family import model_file

pytestmark = pytest.mark.server

TOOL = """
set -- "${1#--graph=}"; test -s "$1" || exit 1
echo "INFO: STARTING!"
echo "INFO: count=1 curr=1041765"
echo "INFO: count=50 first=977738 curr=964908 min=911877 max=1112273 avg=971535 std=39112"
echo "INFO: Inference timings in us: Init: 6418, First inference: 1041765, Warmup (avg): 1.04176e+06,"\\
" Inference (avg): 971535"
"""


@pytest.fixture
def board(running: Board, tmp_path: Path) -> Board:
    """The board with what `zoo bench` needs there, its temporary files in a folder of the test's."""
    running.reset()
    for name in ("mktemp", "uname"):
        (running.tools / name).symlink_to(BUSYBOX)
    (tmp_path / "there").mkdir()
    running.behave(f"export TMPDIR={tmp_path / 'there'}")
    return running


@pytest.fixture
def net(zoo: Zoo, cards: Cards) -> Path:
    """A TensorFlow Lite file, and its card."""
    path = zoo.work / "it's a net.tflite"
    shutil.copyfile(model_file("128-int8-per-channel"), path)
    cards.card(pinned("net", path.read_bytes(), quantization=builders.INT8, classes={"count": 9}))
    return path


def bench(zoo: Zoo, board: Board, *arguments: str | Path) -> Result:
    return zoo("bench", *arguments, "--on", board.address(), "--ssh", shlex.join(board.ssh))


def test_a_figure_of_the_board_goes_into_the_card(
    zoo: Zoo, cards: Cards, board: Board, net: Path, tmp_path: Path
) -> None:
    board.tool("benchmark_model", TOOL)
    result = bench(zoo, board, net, "--threads", "4", "--record", "--target", "board")
    assert result.code == 0, result
    assert "971.5 ms mean on " in result.out
    path = cards.folder / "acme/net.yaml"
    assert_says(result, f"recorded in {path}: 971.535 ms on board, acme/net/net")
    (latency,) = yaml.safe_load(path.read_text(encoding="utf-8"))["variants"][0]["latencies"]
    assert (latency["value"], latency["statistic"], latency["engine"], latency["threads"]) == (
        971.535,
        "mean",
        "CPU",
        4,
    )
    assert latency["measurement"]["artifact"] == Digest.of_file(net).hex
    assert latency["command"].endswith(
        "--graph=model.tflite --num_threads=4 --warmup_runs=5 --num_runs=50 --min_secs=1"
    )
    assert zoo("validate", cards.folder).code == 0
    assert list((tmp_path / "there").iterdir()) == []


def test_a_noisy_board_leaves_the_card_as_it_is(zoo: Zoo, cards: Cards, board: Board, net: Path) -> None:
    board.tool("benchmark_model", TOOL.replace("std=39112", "std=239112"))
    before = (cards.folder / "acme/net.yaml").read_bytes()
    result = bench(zoo, board, net, "--record", "--target", "board")
    assert result.code == 1
    assert_says(result, "too noisy: the runs vary by 24.6% of their mean, at most 10% is taken")
    assert (cards.folder / "acme/net.yaml").read_bytes() == before


def test_a_board_without_anything_says_what_is_missing(zoo: Zoo, board: Board, net: Path, tmp_path: Path) -> None:
    result = bench(zoo, board, net)
    assert result.code == 3
    assert_says(result, "neither benchmark_model nor python3 is there")
    assert list((tmp_path / "there").iterdir()) == []


@pytest.mark.parametrize("number", [1, 3, 5, 7])
def test_a_connection_that_breaks_is_no_figure(zoo: Zoo, board: Board, net: Path, number: int) -> None:
    board.tool("benchmark_model", TOOL)
    board.lose_at(number)
    result = bench(zoo, board, net, "--format", "json")
    assert (result.code, result.out) == (3, "")
    assert_says(result, "error:", "next:")
