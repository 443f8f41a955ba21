from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from registry.errors import RejectedError, RequestError, UnavailableError
from registry.runtime import litert, open_model
from tests.acceptance.world import SHARED

QUANTIZED = SHARED / "real/blobs/sha256" / "0470d2a782aa54eeeb99d32e7b6b3fb7722905c7c4f5d26bd957ec861366d48b"

needs_real_files = pytest.mark.skipif(not QUANTIZED.is_file(), reason="needs ../shared/real")


@needs_real_files
def test_real_numbers_and_stored_integers_give_the_same() -> None:
    model = open_model(QUANTIZED, "tflite", threads=2)
    (given,), (wanted,) = model.inputs, model.outputs
    assert (given.shape, given.dtype, given.scale, given.zero_point) == ((1, 513, 513, 3), "uint8", 1 / 128, 128)
    assert (wanted.shape, wanted.dtype, wanted.scale) == ((1, 513, 513), "int64", None)
    pixels = np.random.default_rng(1).integers(0, 256, (1, 513, 513, 3)).astype(np.uint8)
    (stored,), (real,) = model.invoke(pixels), model.run((pixels - 128.0) / 128)
    assert (stored == real).all()


@needs_real_files
def test_an_unknown_delegate_is_a_wrong_question_and_an_absent_one_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(RequestError, match="warp") as caught:
        open_model(QUANTIZED, "tflite", delegate="warp")
    assert "ethosu" in str(caught.value.hint)
    monkeypatch.setitem(litert.DELEGATES, "ethosu", "libnowhere.so")
    with pytest.raises(UnavailableError, match=r"libnowhere\.so cannot be loaded"):
        open_model(QUANTIZED, "tflite", delegate="ethosu")


def test_a_broken_file_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(100))
    with pytest.raises(RejectedError, match="LiteRT does not take it"):
        open_model(path, "tflite")


def test_a_missing_engine_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    with pytest.raises(UnavailableError, match="LiteRT") as caught:
        open_model(tmp_path / "net.tflite", "tflite")
    assert "edge-model-zoo[eval]" in str(caught.value.hint)
