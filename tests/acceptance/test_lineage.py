"""`zoo lineage`: from a file back to its data, with no server and no network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from registry.digest import Digest
from registry.lineage import document
from registry.lineage.step import Figure, Item, Lineage, Step
from tests.acceptance.world import Cards, Result, Zoo, assert_says, mirror_of, model_bytes, pinned
from tests.unit import builders

MODEL, PARENT = model_bytes(5000, 1), model_bytes(6000, 2)
LIST = Item("images", "shapes train", Digest.of(b"0001\n0002\n"))


def record(parent: Item) -> bytes:
    """A record of a model that was quantized from another, which a step made only if it is `net.keras`."""
    keras = Item("model", "net.keras", Digest.of(b"keras"))
    model = Item("model", "small.tflite", Digest.of(MODEL))
    scored = Figure("mean-iou", 0.8125, None, "voc", "shapes", "val", LIST.digest)
    steps = (
        Step("dataset", (), (LIST,), name='600 "shapes"', seed=7),
        Step("training", (LIST,), (keras,), seconds=12.5, commit="c0ffee0", figures=(Figure("loss", 0.5, step=3),)),
        Step("quantization", (parent, LIST), (model,), parameters={"granularity": "per-channel"}),
        Step("evaluation", (model, LIST), (), figures=(scored,)),
    )
    return document.to_bytes(Lineage(steps), "record")


OWN = record(Item("model", "net.keras", Digest.of(b"keras")))


def carrying(data: bytes, **changes: Any) -> builders.Plain:
    """A variant whose card vouches for its model and for a record."""
    variant = pinned("small", MODEL, **changes)
    size, digest = len(data), Digest.of(data).hex
    lineage = builders.artifact(file="small.lineage.json", role="lineage", size=size, sha256=digest, sources=[])
    return {**variant, "artifacts": [*variant["artifacts"], lineage]}


@pytest.fixture
def offline(zoo: Zoo, cards: Cards, tmp_path: Path) -> Zoo:
    """A catalogue whose only variant carries a record; its bytes are in a mirror, and no network is used."""
    cards.card(carrying(OWN))
    zoo.environment["ZOO_MIRROR"] = str(mirror_of(tmp_path / "mirror", MODEL, OWN))
    zoo.environment["ZOO_OFFLINE"] = "1"
    return zoo


def state(result: Result, code: int) -> dict[str, Any]:
    assert result.code == code, result
    found = result.json()
    assert isinstance(found, dict)
    return found


def test_the_record_of_a_variant_is_walked_back_to_its_data(offline: Zoo) -> None:
    result = offline("lineage", "acme/net/small")
    assert (result.code, result.err) == (0, ""), result
    shown = result.out
    order = ["small.tflite", "mean-iou 0.8125", "quantization", "net.keras", "training", "loss 0.5", "dataset"]
    places = [shown.index(word) for word in order]
    assert places == sorted(places)
    assert "as above" in shown.splitlines()[-1]  # the calibration set is the training set
    assert "12.5 s, commit c0ffee0" in shown
    found = state(offline("lineage", "acme/net/small", "--format", "json"), 0)
    assert (found["state"], found["broken"]) == ("whole", [])
    assert found["tree"]["step"]["inputs"][0]["step"]["inputs"][0]["sha256"] == LIST.digest.hex


def test_a_pulled_file_has_its_record_beside_it(offline: Zoo, cards: Cards) -> None:
    plain = offline("pull", "acme/net/small", "-o", "plain")
    assert plain.code == 0, plain
    assert not (offline.work / "plain" / "small.lineage.json").exists()
    assert offline("pull", "acme/net/small", "--lineage", "-o", "out", "--copy").code == 0
    assert (offline.work / "out" / "small.lineage.json").read_bytes() == OWN
    (cards.folder / "acme" / "net.yaml").unlink()
    cards.card(pinned("other", PARENT), model="wide")
    for variable in ("ZOO_MIRROR", "ZOO_CACHE"):
        offline.environment.pop(variable)
    found = state(offline("lineage", "out/small.tflite", "--format", "json"), 0)
    assert found["tree"]["variant"] is None
    # another file beside it is not what the record tells of
    (offline.work / "out" / "small.tflite").write_bytes(PARENT)
    assert "no step of its record made these bytes" in str(
        state(offline("lineage", "out/small.tflite", "--format", "json"), 1)
    )


def test_publishing_carries_the_record(offline: Zoo, cards: Cards, tmp_path: Path) -> None:
    (offline.work / "files").mkdir()
    (offline.work / "files" / "small.tflite").write_bytes(MODEL)
    (offline.work / "files" / "small.lineage.json").write_bytes(OWN)
    card = cards.folder / "acme" / "net.yaml"
    result = offline("publish", card, "--to", tmp_path / "store", "--from", "files")
    assert result.code == 0, result
    assert (tmp_path / "store" / Digest.of(OWN).blob_path).read_bytes() == OWN
    fetched = offline("lineage", "acme/net/small", "--mirror", tmp_path / "store", ZOO_MIRROR="")
    assert fetched.code == 0, fetched


def test_a_record_that_is_missing_or_changed_is_a_broken_link(offline: Zoo, tmp_path: Path) -> None:
    blob = tmp_path / "mirror" / Digest.of(OWN).blob_path
    blob.write_bytes(OWN.replace(b"12.5", b"99.5"))
    assert "its record has changed" in str(state(offline("lineage", "net", "--format", "json"), 1)["broken"])
    blob.unlink()
    missing = offline("lineage", "net")
    assert missing.code == 1, missing
    assert "broken" in missing.out
    assert "is neither in the cache" in missing.out
    assert offline("pull", "net").code == 0
    (offline.work / "models/acme/net/small/small.lineage.json").write_bytes(b"{}")
    assert "has changed" in offline("lineage", "models/acme/net/small/small.tflite").out


@pytest.mark.parametrize(
    ("stated", "code", "said"),
    [
        (PARENT, 0, "published as acme/float/big; how it was made is not recorded"),
        (MODEL[:-1] + b"x", 1, f"expected {Digest.of(PARENT)}, but the card of acme/float/big has"),
        (None, 1, "the catalogue no longer has acme/float/big"),
    ],
)
def test_a_parent_is_held_to_the_digest_that_its_card_states(
    offline: Zoo, cards: Cards, tmp_path: Path, stated: bytes | None, code: int, said: str
) -> None:
    data = record(Item("model", "big.tflite", Digest.of(PARENT), "acme/float/big"))
    (tmp_path / "mirror" / Digest.of(data).blob_path).write_bytes(data)
    cards.card(carrying(data))
    if stated is not None:
        cards.card(pinned("big", stated), model="float")
    result = offline("lineage", "acme/net/small")
    assert result.code == code, result
    assert said in result.out


def test_an_input_that_nothing_made_is_shown_at_its_place(offline: Zoo, cards: Cards, tmp_path: Path) -> None:
    data = record(Item("model", "lost.tflite", Digest.of(b"lost")))
    (tmp_path / "mirror" / Digest.of(data).blob_path).write_bytes(data)
    cards.card(carrying(data))
    result = offline("lineage", "net")
    assert result.code == 1, result
    lines = result.out.splitlines()
    at = next(number for number, line in enumerate(lines) if "lost.tflite" in line)
    assert "broken  no step made these bytes" in lines[at + 1]


def test_without_a_record_the_claims_are_shown(zoo: Zoo, cards: Cards) -> None:
    training = {"technique": "tfs", "dataset": "shapes", "split": "train"}
    cards.card(pinned("float", PARENT, training=training), pinned("small", MODEL, parent="float"))
    result = zoo("lineage", "acme/net/small")
    assert result.code == 3, result
    assert_says(result, "acme/net/small: no lineage record travels with it", "what its card claims")
    assert "made from  acme/net/float" in result.out
    assert "training  technique tfs, dataset shapes" in result.out
    found = state(zoo("lineage", "acme/net/small", "--format", "json"), 3)
    assert [one["variant"] for one in found["claims"]] == ["acme/net/small", "acme/net/float"]
    (zoo.work / "own.tflite").write_bytes(b"own")
    assert zoo("lineage", "own.tflite").code == 3


TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([A-Za-z_][\w-]*|-?[0-9.]+)|(->|[{}\[\];=,]))')


def tokens(text: str) -> list[str]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        assert match, text[at : at + 40]
        found.append(match[0].strip())
        at = match.end()
    return found


def parsed(text: str) -> tuple[set[str], set[tuple[str, str]]]:
    """Nodes and edges of a graph, by the grammar of Graphviz's language as far as it is used."""
    rest = tokens(text)
    assert rest[:3] == ["digraph", "lineage", "{"]
    assert rest[-1] == "}"
    nodes: set[str] = set()
    edges: set[tuple[str, str]] = set()
    statement: list[str] = []
    for token in rest[3:-1]:
        if token != ";":
            statement.append(token)
            continue
        if "[" in statement:
            attributes = statement[statement.index("[") + 1 : -1]
            assert statement[-1] == "]"
            assert all(attributes[place] == "=" for place in range(1, len(attributes), 4))
            assert all(attributes[place] == "," for place in range(3, len(attributes), 4))
        if statement[1] == "->":
            edges.add((statement[0], statement[2]))
        elif statement[0].startswith('"'):
            nodes.add(statement[0])
        statement = []
    assert statement == []
    return nodes, edges


def test_the_graph_is_graphvizs_own_language(offline: Zoo) -> None:
    result = offline("lineage", "acme/net/small", "--format", "dot")
    assert result.code == 0, result
    nodes, edges = parsed(result.out)
    assert len(nodes) == 6  # three files and the steps that made them
    assert {end for edge in edges for end in edge} == nodes
    assert (f'"{LIST.digest.hex}"', f'"step {Digest.of(MODEL).hex}"') in edges
