#!/usr/bin/env python3
"""Segments pictures on an NPU: segment.py beside this file, whose interpreter gets a delegate.

    python3 segment_npu.py LIBRARY MODEL picture.jpg -o mask.png

LIBRARY is the delegate, MODEL the file that it runs; all further words are those of segment.py. A package holds
this file as `segment_npu.py`.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Delegated:
    """TensorFlow Lite as segment.py uses it, with a delegate and another file of the same model.

    Attributes:
        runtime: The module that has the interpreter.
        library: The delegate.
        model: The file.
    """

    runtime: Any
    library: str
    model: str

    def Interpreter(self, *, model_path: str, num_threads: int) -> Any:  # noqa: N802 - as the runtime names it
        """An interpreter of the file, in the place of one of the package's plain model."""
        del model_path
        load = getattr(self.runtime, "load_delegate", None) or self.runtime.experimental.load_delegate
        try:
            ctypes.CDLL(self.library)  # where this fails within `load`, LiteRT prints an error of its own as well
            delegate = load(self.library)
        except (OSError, ValueError) as error:
            raise SystemExit(f"{self.library}: cannot be loaded: {error}") from None
        return self.runtime.Interpreter(
            model_path=self.model, num_threads=num_threads, experimental_delegates=[delegate]
        )


def main(words: list[str]) -> int:
    """Do what segment.py does, on the NPU."""
    if len(words) < 3:
        raise SystemExit("usage: segment_npu.py LIBRARY MODEL PICTURE ...")
    library, model, *rest = words
    segment: Any = importlib.import_module("segment")
    found = Delegated(segment.runtime(segment.INTERPRETERS), library, model)
    segment.runtime = lambda _names: found
    return int(segment.main(rest))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
