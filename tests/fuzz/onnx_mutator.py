"""Changes ONNX files so that most stay readable for a while: fields are moved, doubled, swapped and bent.

A file is taken apart into messages wherever bytes can be read as one, changed in one or two places, and put
together with lengths that fit; now and then bytes are bent without any care.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

INTERESTING = (0, 1, 2, 3, 5, 16, 17, 63, 64, 65, 127, 128, 255, 65535, 65536, (1 << 31) - 1, 1 << 31, 1 << 32)
EDGES = ((1 << 63) - 1, 1 << 63, (1 << 64) - 1, (1 << 64) - 2)
WORDS = (
    b"Conv Reshape Slice Concat Gather Shape Resize Pad If Loop Constant QuantizeLinear DequantizeLinear Clip"
    b" MatMul Split Transpose Tile Expand LSTM QLinearConv Squeeze Unsqueeze ConstantOfShape Range Where axis axes"
    b" perm pads strides kernel_shape group auto_pad SAME_LOWER ai.onnx.ml com.microsoft location ../x /etc/passwd"
    b" offset length"
).split()


@dataclass
class Node:
    """A field: `parts` where its bytes are a message, else `payload`."""

    number: int
    kind: int
    value: int = 0
    payload: bytes = b""
    parts: list[Node] | None = field(default=None)


def varint(value: int) -> bytes:
    """Bytes of an unsigned number."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number_at(data: bytes, position: int) -> tuple[int, int]:
    """A varint and the offset behind it.

    Raises:
        IndexError: It does not end.
    """
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80 or shift > 63:
            return value, position


def parse(data: bytes, depth: int = 0) -> list[Node] | None:
    """Fields of a message, None for bytes that are none."""
    nodes: list[Node] = []
    position = 0
    try:
        while position < len(data):
            key, position = number_at(data, position)
            number, kind = key >> 3, key & 7
            if not 0 < number < 64 or kind not in (0, 1, 2, 5):
                return None
            if kind == 0:
                value, position = number_at(data, position)
                nodes.append(Node(number, kind, value))
                continue
            size = {1: 8, 5: 4}.get(kind, 0)
            if kind == 2:
                size, position = number_at(data, position)
            payload = data[position : position + size]
            if len(payload) < size:
                return None
            position += size
            inner = parse(payload, depth + 1) if kind == 2 and size > 1 and depth < 20 else None
            nodes.append(Node(number, kind, 0, payload, inner))
    except IndexError:
        return None
    return nodes


def build(nodes: list[Node]) -> bytes:
    """Bytes of a message."""
    out = bytearray()
    for node in nodes:
        out += varint(node.number << 3 | node.kind)
        if node.kind == 0:
            out += varint(node.value)
            continue
        payload = node.payload if node.parts is None else build(node.parts)
        out += (varint(len(payload)) if node.kind == 2 else b"") + payload
    return bytes(out)


def lists(nodes: list[Node]) -> list[list[Node]]:
    """All messages of a file, the outermost first."""
    found, waiting = [], [nodes]
    while waiting:
        here = waiting.pop()
        found.append(here)
        waiting += [node.parts for node in here if node.parts is not None]
    return found


def _bend_field(node: Node, random: Random) -> None:
    if node.kind == 0:
        choices = (*INTERESTING, *EDGES, node.value + 1, max(node.value - 1, 0))
        node.value = random.choice(choices) & ((1 << 64) - 1)
    elif node.kind == 2 and random.random() < 0.4:
        node.payload, node.parts = random.choice(WORDS), None
    else:
        node.payload, node.parts = _bend_bytes(node.payload, random) if node.payload else b"\x01", None
        if node.kind != 2:
            node.payload = (node.payload + bytes(8))[: 8 if node.kind == 1 else 4]


def _bend_tree(messages: list[list[Node]], random: Random) -> None:
    here = random.choice(messages)
    if not here:
        here.append(Node(random.randrange(1, 26), 0, random.choice(INTERESTING)))
        return
    place, action = random.randrange(len(here)), random.randrange(8)
    if action == 0:
        del here[place]
    elif action == 1:
        here.insert(place, here[place])
    elif action == 2:
        other = random.randrange(len(here))
        here[place], here[other] = here[other], here[place]
    elif action == 3:
        here[place].number = random.randrange(1, 30)
    elif action == 4:
        # a field of another place of the same file, by its bytes so that nothing contains itself
        there = random.choice(messages)
        copied = parse(build(random.sample(there, 1))) if there else None
        here[place:place] = copied or []
    elif action == 5 and here[place].kind == 2:
        here[place] = Node(random.choice((5, 6, here[place].number)), 2, parts=parse(build(here)) or [])
    elif action == 6:
        times = random.choice((2, 3, 20, 70))
        here[place:place] = [here[place]] * times
    else:
        _bend_field(here[place], random)


def _bend_bytes(data: bytes, random: Random) -> bytes:
    out = bytearray(data)
    place, action = random.randrange(len(out)), random.randrange(5)
    if action == 0:
        out[place] ^= 1 << random.randrange(8)
    elif action == 1:
        out[place] = random.choice((0, 1, 0x7F, 0x80, 0xFF))
    elif action == 2:
        del out[place:]
    elif action == 3:
        out[place:place] = out[place : place + random.randrange(1, 17)]
    else:
        del out[place : place + random.randrange(1, 9)]
    return bytes(out)


def mutate(data: bytes, random: Random) -> bytes:
    """Another file, at most 64 KiB, from one of these bytes.

    Args:
        data: A file, well-formed or not.
        random: What decides; the same state gives the same file.
    """
    nodes = parse(data)
    if nodes is None or random.random() < 0.05:
        for _ in range(random.randrange(1, 5)):
            data = _bend_bytes(data, random) if data else b"\x3a\x00"
        return data[:65536]
    for _ in range(random.choice((1, 1, 2))):
        _bend_tree(lists(nodes), random)
    return build(nodes)[:65536]
