"""Ways to break a file: blind ones, and ones that know where formats keep their lengths and offsets."""

from __future__ import annotations

import io
import lzma
import random
import zipfile
import zlib
from collections.abc import Callable, Sequence

LONGEST = 1 << 20
EDGES = (0, 1, 2, 3, 4, 7, 8, 15, 16, 63, 64, 127, 128, 255, 256, 1 << 15, (1 << 16) - 1, 1 << 16, 1 << 20, 1 << 30)
SIGNS = ((1 << 31) - 1, 1 << 31, (1 << 32) - 1, (1 << 32) - 4, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)

Mutation = Callable[[bytearray, random.Random, Sequence[bytes]], None]


def flip(data: bytearray, chance: random.Random, _pool: Sequence[bytes]) -> None:
    """Flip a bit."""
    place = chance.randrange(len(data))
    data[place] ^= 1 << chance.randrange(8)


def replace(data: bytearray, chance: random.Random, _pool: Sequence[bytes]) -> None:
    """Replace a byte."""
    data[chance.randrange(len(data))] = chance.randrange(256)


def number(data: bytearray, chance: random.Random, _pool: Sequence[bytes]) -> None:
    """Replace an aligned number by one at an edge: lengths, counts, dimensions, codes."""
    size = chance.choice((1, 2, 4, 4, 8))
    place = chance.randrange(len(data)) // size * size
    value = chance.choice(EDGES + SIGNS)
    data[place : place + size] = (value % (1 << (8 * size))).to_bytes(size, "little")[: len(data) - place]


def step(data: bytearray, chance: random.Random, _pool: Sequence[bytes]) -> None:
    """Move an aligned number a little: offsets, counts."""
    size = chance.choice((1, 2, 4, 4))
    place = chance.randrange(len(data)) // size * size
    value = int.from_bytes(data[place : place + size], "little") + chance.choice((-8, -4, -2, -1, 1, 2, 4, 8, 12))
    data[place : place + size] = (value % (1 << (8 * size))).to_bytes(size, "little")[: len(data) - place]


def redirect(data: bytearray, chance: random.Random, _pool: Sequence[bytes]) -> None:
    """Make a 32-bit offset lead somewhere else in the file, or back."""
    place = chance.randrange(len(data)) // 4 * 4
    offset = chance.randrange(len(data)) - place
    data[place : place + 4] = (offset % (1 << 32)).to_bytes(4, "little")[: len(data) - place]


def share(data: bytearray, chance: random.Random, _pool: Sequence[bytes]) -> None:
    """Make neighbouring 32-bit offsets meet in one target."""
    place = chance.randrange(len(data)) // 4 * 4
    target = int.from_bytes(data[place : place + 4], "little") + place
    for other in range(place + 4, min(place + 4 * chance.randrange(2, 64), len(data) - 4), 4):
        data[other : other + 4] = ((target - other) % (1 << 32)).to_bytes(4, "little")


def cut(data: bytearray, chance: random.Random, _pool: Sequence[bytes]) -> None:
    """Cut the end off."""
    del data[chance.randrange(1, len(data) + 1) :]


def remove(data: bytearray, chance: random.Random, _pool: Sequence[bytes]) -> None:
    """Take a piece out."""
    place = chance.randrange(len(data))
    del data[place : place + chance.randrange(1, 33)]
    data[:] = data or b"\0"


def repeat(data: bytearray, chance: random.Random, _pool: Sequence[bytes]) -> None:
    """Write a piece again, over others or between them."""
    place, target = chance.randrange(len(data)), chance.randrange(len(data))
    piece = bytes(data[place : place + chance.randrange(1, 257)])
    end = target if chance.random() < 0.5 else target + len(piece)
    data[target:end] = piece


def splice(data: bytearray, chance: random.Random, pool: Sequence[bytes]) -> None:
    """Go on with another file, or take a piece of it."""
    other = chance.choice(pool)
    place = chance.randrange(len(data))
    start = chance.randrange(len(other))
    if chance.random() < 0.5:
        data[place:] = other[start:]
    else:
        piece = other[start : start + chance.randrange(1, 513)]
        data[place : place + len(piece)] = piece


def member(data: bytearray, chance: random.Random, pool: Sequence[bytes]) -> None:
    """Break one member of a zip archive and pack it again with the right checksum."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
            files = [(info, bytearray(archive.read(info))) for info in archive.infolist()[:32]]
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, zlib.error, lzma.LZMAError):
        return flip(data, chance, pool)
    files = [(info, content) for info, content in files if content]
    if not files:
        return flip(data, chance, pool)
    _info, content = chance.choice(files)
    chance.choice(BLIND)(content, chance, pool)
    with zipfile.ZipFile(out, "w") as archive:
        for other, kept in files:
            archive.writestr(other, bytes(kept))
    data[:] = out.getvalue()
    return None


BLIND: tuple[Mutation, ...] = (flip, replace, number, step, redirect, share, cut, remove, repeat, splice)
ZIPPED: tuple[Mutation, ...] = (*BLIND, member, member, member, member)


def mutate(seed: bytes, chance: random.Random, pool: Sequence[bytes], ways: Sequence[Mutation]) -> bytes:
    """A file broken in one or a few ways; few at once get further into a reader than many."""
    data = bytearray(seed)
    for _ in range(1 if chance.random() < 0.6 else chance.randrange(2, 6)):
        chance.choice(ways)(data, chance, pool)
        if not data:
            data[:] = b"\0"
    return bytes(data[:LONGEST])
