"""What tests of CI propose to a repository of cards: good, bad and hostile changes to one small card."""

from __future__ import annotations

NAME = "cards/acme/segmenter.yaml"

CARD = """\
schema: model-card/1
publisher: acme
model: segmenter
family: deeplabv3
title: Segmenter
task: semantic-segmentation
licence: {code: Apache-2.0, weights: Apache-2.0, dataset: CC0-1.0}
sources: {}
common:
  classes: {count: 9, dataset: shapes}
variants:
- name: 128-float32
  availability: available
  format: keras
  quantization: {scheme: float32, granularity: none, representation: none, method: none}
  resolution: {height: 128, width: 128, channels: 3}
  artifacts:
  - file: segmenter-128-float32.keras
    role: model
    size: 1027688
    sha256: f718b2e8f063cbc0822e9ec027c825e280e4389bb069fb4ba68dcdca85da3832
    sources: []
"""
"""A card of a file that comes with zoo, so that no test needs a network."""

_VARIANT = """\
- name: 128-int8
  availability: available
  format: tflite
  parent: 128-float32
  quantization: {scheme: int8, granularity: per-channel, representation: tflite, method: post-training}
  resolution: {height: 128, width: 128, channels: 3}
  artifacts:
  - file: segmenter-128-int8.tflite
    role: model
    size: 245552
    sha256: 9ebd615285ba06dca9cdc4a9b26f18de3a776c817556801143ec0d6038fa5557
    sources: []
"""

GOOD = {NAME: CARD + _VARIANT}
"""Adds an int8 variant that is what it says."""

BAD = {NAME: CARD + _VARIANT.replace("per-channel", "per-tensor")}
"""Adds it with a claim that its file contradicts."""

ELSEWHERE_CACHED = {**GOOD, "zoo.toml": 'cache = "made"\n'}
"""Adds a good variant, and says where the runner shall write what it fetches."""

EDITED = {NAME: CARD.replace("1027688", "1027689")}
"""Edits a variant that is published."""

_ADDRESS = "sources: [{url: https://example.org/net.tflite, kind: file, checked: derived}]"
OPEN = {NAME: CARD + _VARIANT.replace("9ebd6152", "00000000").replace("sources: []", _ADDRESS)}
"""Adds a file that only the network has."""

ELSEWHERE = {"README.md": "Cards.\n"}
"""Touches no card."""

_COMMANDS = r'"\n::set-output name=verdict::accepted\n::error::made up\n##[add-path]/tmp\n"'

HOSTILE = {
    "cards/acme/$(touch made).yaml": CARD,
    "cards/acme/; touch made.yaml": CARD,
    "cards/acme/--full.yaml": CARD,
    "cards/acme/a\n::error::made up\n.yaml": CARD,
    "cards/acme/commands.yaml": CARD.replace("format: keras", f"format: {_COMMANDS}"),
    "cards/acme/broken.yaml": f"schema: {_COMMANDS}\n",
    "zoo.py": "raise SystemExit('a stranger ran')\n",
    "registry/__init__.py": "raise SystemExit('a stranger ran')\n",
    "yaml.py": "raise SystemExit('a stranger ran')\n",
}
"""File names and texts that become commands wherever they are not held as data."""
