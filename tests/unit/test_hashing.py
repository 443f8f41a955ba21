"""Hashing in a thread: right digests, and an end whenever an interrupt comes."""

from __future__ import annotations

import hashlib
import sys
import threading
from types import FrameType
from typing import Any

import pytest

from registry.hashing import Hasher


@pytest.mark.parametrize("count", [0, 1, 3, 50])
def test_the_digest_is_that_of_all_chunks_in_order(count: int) -> None:
    chunks = [bytes([number]) * 1000 for number in range(count)]
    hasher = Hasher()
    for chunk in chunks:
        hasher.update(chunk)
    assert hasher.digest().hex == hashlib.sha256(b"".join(chunks)).hexdigest()


def interrupted_at(step: int, hasher: Hasher) -> bool:
    """Give a chunk, with Ctrl-C at one of the interpreter's steps on the way. False when there are fewer steps."""
    seen = 0

    def trace(_frame: FrameType, _event: str, _argument: object) -> Any:
        nonlocal seen
        seen += 1
        if seen == step:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        hasher.update(b"chunk")
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False


@pytest.mark.parametrize("before", [1, 20])
def test_an_interrupt_at_any_step_of_a_chunk_leaves_nothing_waiting(before: int) -> None:
    step = 0
    interrupted = True
    while interrupted:
        step += 1
        hasher = Hasher()
        for _ in range(before):
            hasher.update(b"chunk")
        interrupted = interrupted_at(step, hasher)
        closing = threading.Thread(target=hasher.close, daemon=True)
        closing.start()
        closing.join(60)
        assert not closing.is_alive(), f"interrupted at step {step}"
    assert step > 3
