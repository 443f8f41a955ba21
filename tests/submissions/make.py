"""Makes the files of the submissions that are no text: model files, and pictures to measure on.

    python -m tests.submissions.make

Writes each where its submission has it, a model file as `cards/blobs/sha256/<hex>`. Cards are written by hand; a
file whose bytes become others needs its new digest on them. `tests/acceptance/test_submissions.py` holds that the
files in the repository are those that this makes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from registry.digest import Digest
from tests.submissions import networks, pictures

HERE = Path(__file__).resolve().parent

POINTER = f"""version https://git-lfs.github.com/spec/v1
oid sha256:{"4d7a2146f3e1d6b4a0b5c0b8b0d6e5a1c9f8e7d6c5b4a39281706f5e4d3c2b1a"}
size 691996
"""
PICKLE = b"cos\nabort\n(tR."
"""Calls `os.abort` when it is unpickled, which ends the process."""

PAGE = """<!DOCTYPE html>
<html><head><title>Sign in</title></head><body>Sign in to download dusk-24-float32.tflite</body></html>
"""


def files() -> Iterator[tuple[str, bytes]]:
    """Every file by its path below this folder."""
    yield from ((f"repository/{_blob(data)}", data) for data in _good())
    for reason, data in _bad().items():
        yield f"rejected/{reason}/{_blob(data)}", data
    published = networks.float_tflite(16)
    yield f"rejected/published-bytes-replaced/{_blob(published)}", _tampered(published)
    yield f"undecided/pickled-weights/{_blob(PICKLE)}", PICKLE
    yield f"rejected/wrong-digest/{_blob(FLOAT)}", _tampered(FLOAT)
    yield from _datasets()


FLOAT = networks.float_tflite(24)


def _blob(data: bytes) -> str:
    return f"cards/{Digest.of(data).blob_path}"


def _good() -> Iterator[bytes]:
    """Model files that nothing is wrong with: of cards in the repository, and of those that are submitted."""
    for size in (16, 24):
        yield networks.float_tflite(size)
        yield networks.int8_tflite(size, networks.per_channel())
    yield networks.int8_tflite(16, networks.per_tensor())
    yield networks.int8_tflite(24, [1.0])  # steps so coarse that it finds nothing bright, as its card says
    yield networks.float_tflite(24, argmax=True)
    yield networks.float_onnx(24)
    yield networks.qdq_onnx(24)


def _bad() -> dict[str, bytes]:
    """By the submission that brings it, a file that is not what it should be; its card has its digest."""
    return {
        "custom-operator": networks.custom_tflite(24),
        "external-data-outside": networks.float_onnx(24, weights_in="../../secret"),
        "keras-lambda": networks.lambda_keras(24),
        "lfs-pointer": POINTER.encode(),
        "lineage-of-another-file": _lineage(networks.float_tflite(16), pictures.list_of("train", 4)),
        "measured-on-training-images": _lineage(FLOAT, pictures.list_of("val", 6)),
        "truncated": FLOAT[: len(FLOAT) * 2 // 3],
        "web-page": PAGE.encode(),
    }


def _tampered(model: bytes) -> bytes:
    """A model with one bit of its first weight turned."""
    data = bytearray(model)
    data[data.index(networks.WEIGHTS.tobytes())] ^= 1
    return bytes(data)


def _lineage(model: bytes, images: Digest) -> bytes:
    """A record that says that a model was trained on the images of a list."""
    given = {"role": "images", "name": "pictures", "sha256": images.hex}
    output = {"role": "model", "name": "dusk-24-float32.tflite", "sha256": Digest.of(model).hex}
    step = {"kind": "training", "inputs": [given], "outputs": [output], "commit": "c0ffee0", "seed": 0}
    return (json.dumps({"schema": "lineage/1", "steps": [step]}, indent=1) + "\n").encode()


def _datasets() -> Iterator[tuple[str, bytes]]:
    """Pictures of the repository, and those that submissions bring."""
    places: dict[str, dict[str, Sequence[int]]] = {
        "repository/data/brightness": {"train": range(4), "val": range(10, 16)},
        "accepted/new-dataset-and-target/data/night": {"train": range(20, 24), "val": range(30, 36)},
        "rejected/training-images-in-validation/data/dusk": {
            "train": range(40, 44),
            "val": [*range(50, 54), 41, 42],
        },
    }
    for place, splits in places.items():
        for name, data in pictures.dataset(splits):
            yield f"{place}/{name}", data


def main() -> None:
    """Write all of them."""
    for name, data in files():
        path = HERE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
