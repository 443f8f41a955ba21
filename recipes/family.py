"""Rebuilds the reference family's card and bytes from what `zoo train` and `zoo quantize` have left.

    python recipes/family.py quantize     runs the quantization recipes, into quantized/
    python recipes/family.py measure      runs `zoo eval` and `zoo selftest --record`, into measured/
    python recipes/family.py card         writes cards/zoo/deeplabv3-shapes.yaml and cards/blobs/, prints the table

From the top of the repository, after `zoo train` of recipes/deeplabv3-shapes-small.yaml and deeplabv3-shapes.yaml.
Each step starts the installed `zoo` as anybody would, and does again only what is not there.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from registry.deployment.ports import ports_of
from registry.digest import Digest
from registry.inspect import read

MODEL = "zoo/deeplabv3-shapes"
CARD = Path("cards/zoo/deeplabv3-shapes.yaml")
BLOBS = Path("cards/blobs/sha256")
DATA = Path("runs/deeplabv3-shapes-small/data")
PICTURE = DATA / "JPEGImages/val-0-000004.jpg"
TRAINED = {"256": Path("runs/deeplabv3-shapes"), "128": Path("runs/deeplabv3-shapes-small")}
PROTOCOLS = ("voc", "st-present-classes", "per-image", "ti-global")


class Plain(yaml.SafeDumper):
    """Writes no anchors: cards take none."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never write an alias."""
        return True


def main(step: str) -> None:
    """Run a step."""
    card = yaml.safe_load(CARD.read_text(encoding="utf-8"))
    {"quantize": quantize, "measure": measure, "card": rewrite}[step](card)


def zoo(*words: object) -> str:
    """What the installed command prints."""
    print("zoo", *words, file=sys.stderr)  # noqa: T201
    command = [str(Path(sys.executable).with_name("zoo")), *map(str, words)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603


def folder_of(name: str) -> Path:
    """Where a variant was made."""
    return TRAINED[name[:3]] if name.endswith("-keras") else Path("quantized", f"deeplabv3-shapes-{name}")


def model_of(name: str) -> Path:
    """Its file."""
    folder = folder_of(name)
    return next(path for path in sorted(folder.glob("model.*")) if not path.name.endswith(".lineage.json"))


def quantize(card: dict[str, Any]) -> None:
    """Make every file that is not trained."""
    for name in (one["name"] for one in card["variants"]):
        if not name.endswith("-keras") and not (folder_of(name) / "quantization.json").exists():
            recipe = Path("recipes", f"deeplabv3-shapes-{name}.yaml")
            zoo("quantize", TRAINED[name[:3]] / "model.keras", recipe, "-o", folder_of(name), "--track")


def measure(card: dict[str, Any]) -> None:
    """Evaluate every file on the whole validation split, and record its golden vector."""
    for name in (one["name"] for one in card["variants"]):
        file, place = model_of(name), Path("measured", name)
        how = ("--as", f"{MODEL}/{name}", "--threads", 2)
        if not (place / "golden.yaml").exists():
            zoo("selftest", file, "--record", PICTURE, "--every", 4, "-o", place, *how)
        if not (place / "evaluation.json").exists():
            found = zoo("eval", file, "--data", DATA, "--format", "json", "--track", *how)
            (place / "evaluation.json").write_text(found, encoding="utf-8")


def rewrite(card: dict[str, Any]) -> None:
    """Write card and blobs; blobs that the card no longer names go away."""
    before = {artifact["sha256"] for variant in card["variants"] for artifact in variant["artifacts"]}
    for variant in card["variants"]:
        renew(variant)
    text = yaml.dump(card, Dumper=Plain, sort_keys=False, width=118, default_flow_style=None, allow_unicode=True)
    CARD.write_text(text, encoding="utf-8")
    after = {artifact["sha256"] for variant in card["variants"] for artifact in variant["artifacts"]}
    for gone in before - after:
        (BLOBS / gone).unlink(missing_ok=True)
    print(table(card))  # noqa: T201


def renew(variant: dict[str, Any]) -> None:
    """Bring a variant of the card to what was made and measured."""
    name, place = variant["name"], Path("measured", variant["name"])
    file = model_of(name)
    golden = yaml.safe_load((place / "golden.yaml").read_text(encoding="utf-8"))
    stem = f"deeplabv3-shapes-{name.removesuffix('-keras')}"
    vector = golden["golden"][0] | {"name": "shapes"}
    roles = [(file, f"{stem}{file.suffix}", "model")]
    for side in ("input", "output"):
        made = place / vector[side]["file"]
        vector[side]["file"] = f"{stem}.{PICTURE.stem}.{side}.bin"
        roles.append((made, vector[side]["file"], f"golden-{side}"))
    roles.append((file.with_suffix("").with_suffix(".lineage.json"), f"{stem}.lineage.json", "lineage"))
    variant["artifacts"] = [kept(*one) for one in roles]
    variant["golden"] = [vector]
    variant["training"] |= trained(TRAINED[name[:3]])
    claim_tensors(variant, file)
    if not name.endswith("-keras"):
        made_of(variant, json.loads((folder_of(name) / "quantization.json").read_text(encoding="utf-8")))
    variant["metrics"] = measured(variant, json.loads((place / "evaluation.json").read_text(encoding="utf-8")))


def kept(source: Path, file: str, role: str) -> dict[str, Any]:
    """An artifact, with its bytes beside the cards."""
    digest = Digest.of_file(source).hex
    shutil.copyfile(source, BLOBS / digest)
    return {"file": file, "role": role, "size": source.stat().st_size, "sha256": digest, "sources": []}


def claim_tensors(variant: dict[str, Any], file: Path) -> None:
    """What the file says of its inputs and outputs, which `zoo verify --deep` holds the card to."""
    for side, ports in zip(("inputs", "outputs"), ports_of(read(file)), strict=True):
        for tensor, port in zip(variant["tensors"][side], ports, strict=True):
            tensor["name"] = port.name
            if "scale" in tensor:
                tensor |= {"scale": port.scale, "zero_point": port.zero_point}


def trained(folder: Path) -> dict[str, Any]:
    """What the record of a training says."""
    record = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    versions = record["environment"]
    return {
        "technique": record["technique"],
        "framework": f"Keras {versions['keras']}, TensorFlow {versions['tensorflow']}",
        "configuration": f"recipes/{record['name']}.yaml",
        "seed": record["configuration"]["seed"],
    }


def made_of(variant: dict[str, Any], record: dict[str, Any]) -> None:
    """What the record of a quantization says."""
    said = variant["quantization"]
    if calibration := record["made_of"]["calibration"]:
        package = "onnxruntime" if said["representation"] == "qdq" else "tensorflow"
        name = {"onnxruntime": "onnxruntime", "tensorflow": "TensorFlow"}[package]
        said["tool"] = {"name": name, "version": record["environment"][package]}
        said["calibration"] = {
            "dataset": "shapes",
            "count": calibration["images"],
            "sha256": calibration["sha256"],
        }
    if record["mixed"]:
        said["float_layers"] = record["mixed"]["float"]


def measured(variant: dict[str, Any], found: dict[str, Any]) -> list[dict[str, Any]]:
    """Metrics of the card: mean IoU under each protocol, and the pixel accuracy of the first."""
    runtime = found["runtime"]
    measurement = {
        "artifact": found["artifact"],
        "images": found["images"],
        "preprocessing": found["preprocessing"],
        "samples": found["samples"],
        "runtime": {"name": runtime["name"], "version": runtime["version"]},
        "threads": runtime["threads"],
        "date": datetime.now(UTC).date().isoformat(),
    }
    names = [("mean-iou", "voc"), ("pixel-accuracy", "voc"), *(("mean-iou", one) for one in PROTOCOLS[1:])]
    return [
        {
            "name": name,
            "value": round(found["protocols"][protocol][name], 4),
            "unit": "fraction",
            "dataset": "shapes",
            "split": "val",
            "protocol": protocol,
            "precision": variant["quantization"]["scheme"],
            "status": "reproduced",
            "provenance": {"source": "evaluation"},
            "measurement": measurement,
        }
        for name, protocol in names
    ]


def table(card: dict[str, Any]) -> str:
    """The table of docs/reference-family.md."""
    rows = []
    reference: dict[str, float] = {}
    for name in (one["name"] for one in card["variants"]):
        found = json.loads(Path("measured", name, "evaluation.json").read_text(encoding="utf-8"))["protocols"][
            "voc"
        ]
        mean = found["mean-iou"]
        loss = reference.setdefault(name[:3], mean) - mean
        classes = " | ".join(f"{100 * value:.1f}" for value in found["class-iou"])
        file = model_of(name)
        about = f"`{name}` | {file.suffix[1:]} | {file.stat().st_size:,} | {mean:.2%} | {100 * loss:+.2f}"
        rows.append(f"| {about} | {classes} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main(sys.argv[1])
