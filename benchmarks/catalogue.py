"""Write a large catalogue of realistic cards, the same one for the same seed.

Run as a program of its own (`python -m benchmarks.catalogue FOLDER`): on Linux a process inherits the peak
memory of the one that starts it, so the process that measures must stay small.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

PUBLISHERS = 20
VARIANTS = 10

FAMILIES = (
    "deeplabv3", "deeplabv3plus", "fcn", "lraspp", "segformer", "unet", "unetlite", "fpnlite", "erfnet", "swiftnet",
    "bisenet", "bisenetv2", "enet", "icnet", "pspnet", "pidnet", "ddrnet", "stdc", "fastscnn", "contextnet",
    "topformer", "seaformer", "hrnet", "ocrnet", "espnet",
)  # fmt: skip

BACKBONES = ("mobilenetv2", "mobilenetv3-large", "resnet50", "regnetx800mf", "xception", "efficientnet-lite0")

DATASETS = {
    "pascal-voc-2012": 21,
    "coco-2017": 81,
    "coco-2017-voc-2012": 21,
    "cityscapes": 19,
    "ade20k": 150,
    "ade20k32": 32,
    "person-coco-2017": 2,
    "mapillary": 66,
}
"""Name and number of classes."""

PROTOCOLS = ("voc", "st-present-classes", "per-image", "ti-global", "unstated")


@dataclass(frozen=True)
class Board:
    """A target that is written, and how fast it is against the others."""

    name: str
    vendor: str
    engine: str
    formats: str
    schemes: str
    speed: float


BOARDS = (
    Board("stm32n6", "ST", "npu", "tflite, onnx", "int8", 0.4),
    Board("stm32mp2", "ST", "npu", "tflite, onnx", "int8, uint8, float32", 0.7),
    Board("stm32h7", "ST", "cpu", "tflite, onnx", "int8", 9.0),
    Board("stm32mp1", "ST", "cpu", "tflite, onnx", "int8, uint8, float32", 6.0),
    Board("imx8mp", "NXP", "npu", "tflite", "int8, uint8, int16x8", 0.8),
    Board("imx93", "NXP", "npu", "tflite", "int8", 0.6),
    Board("imx95", "NXP", "npu", "tflite, onnx", "int8, int16x8", 0.5),
    Board("tda4vm", "TI", "npu", "tflite, onnx", "int8, int16x8", 0.2),
    Board("am62", "TI", "cpu", "tflite, onnx", "int8, uint8, float32", 5.0),
    Board("am62a", "TI", "npu", "tflite, onnx", "int8", 0.4),
    Board("am68a", "TI", "npu", "tflite, onnx", "int8", 0.2),
    Board("am69a", "TI", "npu", "tflite, onnx", "int8, int16x8", 0.1),
)


@dataclass(frozen=True)
class Kind:
    """What the variants of every card differ in; `large` stands for the larger input size."""

    name: str
    format: str
    suffix: str
    scheme: str
    granularity: str
    representation: str
    large: bool
    loss: float


KINDS = (
    Kind("float32-keras", "keras-h5", "h5", "float32", "none", "none", False, 0.0),
    Kind("float32-tflite", "tflite", "tflite", "float32", "none", "none", False, 0.0),
    Kind("int8-per-channel", "tflite", "tflite", "int8", "per-channel", "tflite", False, 0.012),
    Kind("int8-per-tensor", "tflite", "tflite", "int8", "per-tensor", "tflite", False, 0.031),
    Kind("int8-qdq", "onnx", "onnx", "int8", "per-channel", "qdq", False, 0.009),
    Kind("int16x8", "tflite", "tflite", "int16x8", "per-channel", "tflite", False, 0.003),
    Kind("float32-onnx", "onnx", "onnx", "float32", "none", "none", True, 0.0),
    Kind("int8-per-channel", "tflite", "tflite", "int8", "per-channel", "tflite", True, 0.010),
    Kind("int8-qdq", "onnx", "onnx", "int8", "per-channel", "qdq", True, 0.008),
    Kind("uint8-per-tensor", "tflite", "tflite", "uint8", "per-tensor", "tflite", True, 0.040),
)


@dataclass(frozen=True)
class Network:
    """What the variants of a card share."""

    model: str
    family: str
    backbone: str
    width: float
    dataset: str
    protocol: str
    small: int
    large: int
    accuracy: float
    megabytes: float
    milliseconds: float


def write(folder: Path, cards: int, seed: int = 1, publishers: int = PUBLISHERS) -> None:
    """Write `cards` cards of ten variants, spread over the publishers, with the targets and datasets they name."""
    for board in BOARDS:
        _write(folder / "targets" / f"{board.name}.yaml", _target(board))
    for name, classes in DATASETS.items():
        _write(folder / "datasets" / f"{name}.yaml", _dataset(name, classes))
    for number in range(cards):
        publisher = f"publisher{number % publishers:02d}"
        # every family comes early, and every publisher has all of them
        family = FAMILIES[(number + number // publishers) % len(FAMILIES)]
        network = _network(number, family, random.Random(f"{seed}/{number}"))
        _write(folder / publisher / f"{network.model}.yaml", card(publisher, network, f"{seed}/{number}"))


def card(publisher: str, network: Network, seed: str) -> str:
    """The text of one card."""
    chance = random.Random(f"variants {seed}")
    variants = (line for kind in KINDS for line in _variant(network, kind, chance))
    return "\n".join([*_head(publisher, network), *variants])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def _network(number: int, family: str, chance: random.Random) -> Network:
    backbone = chance.choice(BACKBONES)
    small = chance.choice((192, 224, 256, 257, 320))
    return Network(
        model=f"{family}-{backbone}-{number:05d}",
        family=family,
        backbone=backbone,
        width=chance.choice((0.35, 0.5, 0.75, 1.0)),
        dataset=chance.choice(list(DATASETS)),
        protocol=chance.choice(PROTOCOLS),
        small=small,
        large=chance.choice((384, 416, 512, 513)),
        accuracy=chance.uniform(0.35, 0.85),
        megabytes=chance.uniform(0.4, 12),
        milliseconds=chance.uniform(8, 160) * small / 256,
    )


def _target(board: Board) -> str:
    return f"""\
schema: target/1
name: {board.name}
title: {board.name.upper()} of the generated catalogue
vendor: {board.vendor}
segmentation: supported

engines:
  - {{name: {board.engine}, title: Generated engine}}

accepts:
  - engine: {board.engine}
    formats: [{board.formats}]
    schemes: [{board.schemes}]
    provenance: {{document: generated.md, note: Made up for benchmarks.}}

provenance: {{document: generated.md}}"""


def _dataset(name: str, classes: int) -> str:
    return f"""\
schema: dataset/1
name: {name}
title: {name} of the generated catalogue
licence: unknown
task: semantic-segmentation
classes: {{count: {classes}}}
provenance: {{document: generated.md, note: Made up for benchmarks.}}"""


def _head(publisher: str, network: Network) -> list[str]:
    address = f"https://example.org/{publisher}/{network.model}"
    return f"""\
schema: model-card/1
publisher: {publisher}
model: {network.model}
family: {network.family}
title: {network.family} on {network.backbone}, generated
task: semantic-segmentation
summary: >-
  {network.family} on {network.backbone} with width {network.width}, at {network.small} and {network.large} px;
  every figure of this card is made up for benchmarks.

licence:
  code: Apache-2.0
  weights: LicenseRef-Generated
  dataset: unknown
  note: Nothing of this is real.

links:
  - title: Repository
    url: {address}

sources:
  accuracy: {{document: README.md, heading: Accuracy, kind: table, url: {address}#accuracy, revision: v1.0.0}}
  memory: {{document: README.md, heading: Memory footprint, kind: table, url: {address}#memory, revision: v1.0.0}}
  time: {{document: README.md, heading: Inference time, kind: table, url: {address}#time, revision: v1.0.0}}
  platforms: {{document: README.md, heading: Recommended platforms, kind: table, url: {address}#platforms}}

notes:
  - Generated by benchmarks/catalogue.py.

common:
  availability: available
  architecture:
    backbone: {network.backbone}
    width: {network.width}
    head: {network.family}
    output_stride: 16
    aspp: none
  preprocessing:
    resize: stretch
    interpolation: bilinear
    aspect: fit
    mean: 127.5
    scale: 0.00784313725490196
    colour_mode: RGB
    provenance: {{source: accuracy, text: bilinear}}
  postprocessing: {{kind: argmax, upsample: bilinear}}
  classes: {{count: {DATASETS[network.dataset]}, dataset: {network.dataset}}}
  training:
    technique: fft
    dataset: {network.dataset}
    split: train
    framework: TensorFlow
    configuration: config.yaml
    seed: 127

variants:""".split("\n")


def _variant(network: Network, kind: Kind, chance: random.Random) -> Iterator[str]:
    size = network.large if kind.large else network.small
    name = f"{size}-{kind.name}"
    quantized = kind.scheme != "float32"
    yield f"  - name: {name}"
    yield f"    summary: {kind.scheme} {kind.format} file at {size} px."
    yield f"    known_as: [{network.model.replace('-', '_')}_{size}_{kind.name.replace('-', '_')}]"
    if quantized:
        yield f"    parent: {f'{network.large}-float32-onnx' if kind.large else f'{network.small}-float32-keras'}"
    yield f"    format: {kind.format}"
    yield from _quantization(network, kind)
    yield f"    resolution: {{height: {size}, width: {size}, channels: 3}}"
    yield from _tensors(network, kind, size)
    yield from _artifacts(network, kind, name, chance)
    yield from _metrics(network, kind, name, chance)
    if quantized:
        yield from _board_figures(network, kind, name, chance)


def _quantization(network: Network, kind: Kind) -> list[str]:
    if kind.scheme == "float32":
        return ["    quantization: {scheme: float32, granularity: none, representation: none, method: none}"]
    return f"""\
    quantization:
      scheme: {kind.scheme}
      granularity: {kind.granularity}
      representation: {kind.representation}
      method: post-training
      tool: {{name: {"onnxruntime" if kind.format == "onnx" else "TFLiteConverter"}, version: '1.2.3'}}
      calibration: {{dataset: {network.dataset}, count: 200}}""".split("\n")


def _tensors(network: Network, kind: Kind, size: int) -> list[str]:
    classes = DATASETS[network.dataset]
    chw = kind.format == "onnx"
    shapes = [f"[1, {c}, {size}, {size}]" if chw else f"[1, {size}, {size}, {c}]" for c in (3, classes)]
    layout = "NCHW" if chw else "NHWC"
    dtype = {"int8": "int8", "uint8": "uint8", "int16x8": "int16"}.get(kind.scheme, "float32")
    scales = "" if dtype == "float32" else "\n          scale: 0.0078431\n          zero_point: 0"
    return f"""\
    tensors:
      inputs:
        - name: image
          shape: {shapes[0]}
          dtype: {dtype}
          layout: {layout}
          colour_order: RGB
          meaning: image{scales}
      outputs:
        - {{name: scores, shape: {shapes[1]}, dtype: float32, layout: {layout}, meaning: class-scores}}\
""".split("\n")


def _megabytes(network: Network, kind: Kind) -> float:
    return network.megabytes * (4 if kind.scheme == "float32" else 1)


def _artifacts(network: Network, kind: Kind, name: str, chance: random.Random) -> list[str]:
    file = f"{network.model.replace('-', '_')}_{name.replace('-', '_')}.{kind.suffix}"
    pinned = chance.random() < 0.8
    digest = f"{chance.getrandbits(256):064x}" if pinned else "unpinned"
    size = str(int(_megabytes(network, kind) * 1e6)) if pinned else "null"
    return f"""\
    artifacts:
      - file: {file}
        role: model
        size: {size}
        sha256: {digest}
        sources:
          - url: https://example.org/files/{network.model}/{file}
            kind: file
            revision: v1.0.0
            checked: derived""".split("\n")


def _metrics(network: Network, kind: Kind, name: str, chance: random.Random) -> Iterator[str]:
    # a float parent always has its accuracy, so that the cards validate without a warning
    if kind.scheme != "float32" and chance.random() < 0.1:
        return
    larger = 0.03 if kind.large else 0.0
    iou = max(0.05, network.accuracy + larger - kind.loss * chance.uniform(0.5, 1.5))
    yield "    metrics:"
    for metric, value in (("mean-iou", iou), ("pixel-accuracy", min(0.99, iou * 0.2 + 0.78))):
        yield f"      - name: {metric}"
        yield f"        value: {value:.4f}"
        yield "        unit: fraction"
        yield f"        dataset: {network.dataset}"
        yield "        split: val"
        yield f"        protocol: {network.protocol}"
        yield f"        precision: {kind.scheme}"
        yield "        status: claimed"
        yield f"        provenance: {{source: accuracy, row: {name}, column: {metric}, text: '{value:.4f}'}}"


def _board_figures(network: Network, kind: Kind, name: str, chance: random.Random) -> Iterator[str]:
    able = [board for board in BOARDS if kind.format in board.formats and kind.scheme in board.schemes]
    boards = chance.sample(able, min(len(able), chance.randint(1, 3)))
    area = (network.large / network.small) ** 2 if kind.large else 1.0
    yield "    targets:"
    for board in boards:
        yield f"      - target: {board.name}"
        yield "        support: declared"
        yield "        recommended: true"
        yield f"        provenance: {{source: platforms, row: {name}}}"
    yield "    footprints:"
    for board in boards[:2]:
        figures = {
            "internal-ram": network.megabytes * area * 0.3,
            "external-ram": network.megabytes * area * 0.2,
            "weights-flash": _megabytes(network, kind) / 1.048576,
        }
        for footprint, value in figures.items():
            shown = f"{value * chance.uniform(0.95, 1.05):.2f}"
            yield f"      - name: {footprint}"
            yield f"        value: {shown}"
            yield "        unit: MiB"
            yield f"        target: {board.name}"
            yield "        tools: [{name: compiler, version: '9.1.0'}]"
            yield "        status: claimed"
            yield f"        provenance: {{source: memory, row: {name}, column: {footprint}, text: '{shown}'}}"
    yield "    latencies:"
    for board in boards:
        shown = f"{network.milliseconds * area * board.speed * chance.uniform(0.9, 1.1) + 0.1:.2f}"
        yield f"      - value: {shown}"
        yield "        unit: ms"
        yield f"        target: {board.name}"
        yield f"        engine: {board.engine.upper()}"
        yield "        clock_mhz: 1000"
        yield "        tools: [{name: compiler, version: '9.1.0'}]"
        yield "        status: claimed"
        yield f"        provenance: {{source: time, row: {name}, column: Inference time (ms), text: '{shown}'}}"


def write_single(folder: Path, mirror: Path, seed: int = 1, size: int = 760_904, more: int = 0) -> str:
    """Write a one-card catalogue whose file for `imx8mp` is in a mirror, with `more` files of the same size each.

    Returns the card's family.
    """
    write(folder, 1, seed, publishers=1)
    path = next((folder / "publisher00").iterdir())
    source = random.Random(seed)
    digest, *others = [_write_blob(mirror / "blobs" / "sha256", source, size) for _ in range(1 + more)]
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        lines.append(line)
        if line.startswith("        sha256: "):
            lines[-2:] = [f"        size: {size}", f"        sha256: {digest}"]
        elif line == "    artifacts:":
            for number, other in enumerate(others):
                lines += [f"      - file: part{number:02}.bin", "        role: configuration"]
                lines += [f"        size: {size}", f"        sha256: {other}", "        sources: []"]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path.stem.partition("-")[0]


def _write_blob(blobs: Path, source: random.Random, size: int) -> str:
    """Write a blob that looks like a TensorFlow Lite file from outside; in pieces, to stay small."""
    blobs.mkdir(parents=True, exist_ok=True)
    new, digest = blobs / "new", sha256()
    with new.open("wb") as file:
        for start in range(0, size, 1 << 20):
            data = source.randbytes(min(1 << 20, size - start))
            data = data if start else b"\x1c\x00\x00\x00TFL3" + data[8:]
            digest.update(data)
            file.write(data)
    new.rename(blobs / digest.hexdigest())
    return digest.hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a catalogue from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catalogue", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cards", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    write(options.folder, options.cards, options.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
