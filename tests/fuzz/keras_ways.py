"""Ways to break Keras files: their JSON, their archive and the structures of HDF5."""

from __future__ import annotations

import io
import json
import lzma
import random
import re
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

from tests.fuzz.mutate import BLIND, EDGES, SIGNS, ZIPPED, Mutation, flip

_MARKS = re.compile(
    rb"OHDR|OCHK|TREE|SNOD|HEAP|GCOL|FRHP|FHIB|FHDB|BTHD|BTIN|BTLF|\x89HDF|\x01\x00..\x01\x00\x00\x00"
)
_WORDS = (
    *(
        "Lambda",
        "Sequential",
        "Functional",
        "InputLayer",
        "Conv2D",
        "Dense",
        "LSTM",
        "Bidirectional",
        "Concatenate",
    ),
    *("TimeDistributed", "Reshape", "ZeroPadding2D", "Dot", "Softmax", "TFOpLambda", "QuantizeWrapperV2", "Mean"),
    *(
        "__keras_tensor__",
        "__lambda__",
        "function",
        "Pack>Own",
        "channels_first",
        "causal",
        "valid",
        "relu",
        "get_item",
    ),
    *("", "../x", "é\ud800", "image", "conv", "a" * 5000),
)
_BROKEN = (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, zlib.error, lzma.LZMAError)


def _nodes(value: Any) -> list[Any]:
    """All objects and lists of a document."""
    found: list[Any] = []
    waiting = [value]
    while waiting and len(found) < 5000:
        one = waiting.pop()
        if isinstance(one, dict | list):
            if one:
                found.append(one)
            waiting += one.values() if isinstance(one, dict) else one
    return found


def _change(document: Any, chance: random.Random) -> Any:
    """Change one value of a document, or where it stands."""
    nodes = _nodes(document)
    if not nodes:
        return chance.choice(_WORDS)
    node = chance.choice(nodes)
    key: Any = chance.choice(list(node)) if isinstance(node, dict) else chance.randrange(len(node))
    way = chance.randrange(7)
    if way == 0:
        node[key] = chance.choice((*EDGES, *SIGNS, -1, 0.5, 1e308, None, True, [], {}, [[[]]]))
    elif way == 1:
        node[key] = chance.choice(_WORDS)
    elif way == 2:
        del node[key]
    elif way == 3:
        node[key] = json.loads(json.dumps(chance.choice(nodes)))
    elif way == 4 and isinstance(node, list):
        node.insert(key, json.loads(json.dumps(node[key])))
    elif way == 5:
        for _ in range(chance.choice((1, 2, 70))):
            node[key] = [node[key]] if chance.random() < 0.5 else {"config": node[key], "class_name": "Sequential"}
    else:
        other = chance.choice(nodes)
        place: Any = chance.choice(list(other)) if isinstance(other, dict) else chance.randrange(len(other))
        node[key], other[place] = json.loads(json.dumps(other[place])), json.loads(json.dumps(node[key]))
    return document


def configuration(data: bytearray, chance: random.Random, pool: Sequence[bytes]) -> None:
    """Change the configuration of an archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
            members = [(info, archive.read(info)) for info in archive.infolist()[:32]]
        changed = [_changed(info, content, chance) for info, content in members]
    except _BROKEN:
        return flip(data, chance, pool)
    data[:] = _packed(changed)
    return None


def _changed(info: zipfile.ZipInfo, content: bytes, chance: random.Random) -> tuple[zipfile.ZipInfo, bytes]:
    if info.filename != "config.json":
        return info, content
    return info, json.dumps(_change(json.loads(content), chance)).encode()


def _packed(members: Sequence[tuple[zipfile.ZipInfo, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for info, content in members:
            archive.writestr(info, content)
    return out.getvalue()


def directory(data: bytearray, chance: random.Random, pool: Sequence[bytes]) -> None:
    """Change how members are called and packed: names that lead out, links, twins, bombs."""
    try:
        with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
            members = [(info, archive.read(info)) for info in archive.infolist()[:32]]
    except _BROKEN:
        return flip(data, chance, pool)
    if not members:
        return flip(data, chance, pool)
    info, content = chance.choice(members)
    way = chance.randrange(5)
    if way == 0:
        info.filename = chance.choice(
            ("../x", "/x", "config.json", "assets/a", "model.weights.h5", "a\\b", "x.pkl")
        )
    elif way == 1:
        info.external_attr = 0o120777 << 16
    elif way == 2:
        info.compress_type = chance.choice((0, 8, 12, 14))
    elif way == 3:
        members.append((zipfile.ZipInfo("config.json"), content))
    else:
        bomb = zipfile.ZipInfo("model.weights.h5")
        bomb.compress_type = 8
        members.append((bomb, bytes(chance.choice((1 << 10, 1 << 16, 1 << 20)))))
    if len(members) == len({one.filename for one, _ in members}):
        data[:] = _packed(members)
        return None
    return flip(data, chance, pool)


def embedded(data: bytearray, chance: random.Random, pool: Sequence[bytes]) -> None:
    """Change a configuration where it stands in a file, filled up to the length that it had."""
    start = data.find(b'{"')
    try:
        text = bytes(data[start:]).decode("latin-1") if start >= 0 else ""
        document, end = json.JSONDecoder().raw_decode(text)
        changed = json.dumps(_change(document, chance), separators=(",", ":")).encode()
    except ValueError:
        return flip(data, chance, pool)
    if len(changed) > end:
        return flip(data, chance, pool)
    data[start : start + end] = changed.ljust(end)
    return None


def structure(data: bytearray, chance: random.Random, _pool: Sequence[bytes]) -> None:
    """Change a number behind the mark of a structure, or make an address lead to another one."""
    places = [found.start() for found in _MARKS.finditer(bytes(data))]
    if not places:
        return
    place = chance.choice(places) + chance.choice((4, 5, 6, 8, 12, 16, 24, 32, 40, 56, chance.randrange(128)))
    size = chance.choice((1, 2, 4, 8))
    value = chance.choice(
        (chance.choice(places), chance.choice(EDGES), chance.choice(SIGNS), chance.randrange(300))
    )
    data[place : place + size] = (value % (1 << (8 * size))).to_bytes(size, "little")


KERAS: tuple[Mutation, ...] = (*ZIPPED, *((configuration,) * 24), directory, directory)
HDF5: tuple[Mutation, ...] = (*BLIND, *((embedded,) * 6), *((structure,) * 8))
