"""A package of target `c` against LiteRT on one thread of this machine: time, and how far their outputs are apart.

    python -m benchmarks.c_package MODEL.tflite PACKAGE

Time is the processor's, the least of several runs: other work on the machine then adds little.
"""

from __future__ import annotations

import argparse
import ctypes
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

RUNS = 20
ENGINES = {
    "reference kernels": "BUILTIN_REF",
    "own kernels": "BUILTIN_WITHOUT_DEFAULT_DELEGATES",
    "XNNPACK, the default": "AUTO",
}


def compiled(package: Path, folder: Path, optimization: str) -> tuple[Any, int]:
    """The function that runs a package's network, and the bytes of its arena."""
    (source,) = package.glob("*_network.c")
    prefix = source.name.removesuffix("_network.c")
    header = (package / f"{prefix}.h").read_text()
    found = re.search(r"_ARENA_BYTES (\d+)u", header)
    assert found is not None
    sources = [source, package / f"{prefix}_weights.c", *(package / "kernels").glob("*.c")]
    library = folder / f"network{optimization}.so"
    command = ["gcc", "-std=c99", optimization, "-shared", "-fPIC", f"-I{package}", *map(str, sources), "-lm"]
    subprocess.run([*command, "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))[f"{prefix}_run"], int(found[1])


def least_time(run: Callable[[], object]) -> float:
    """Milliseconds of processor time."""
    run()
    times = []
    for _number in range(RUNS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times) * 1e3


def interpreter(model: Path, resolver: str) -> Any:
    """LiteRT on one thread."""
    from ai_edge_litert import interpreter as litert

    engine = litert.Interpreter(
        model_path=str(model), num_threads=1, experimental_op_resolver_type=litert.OpResolverType[resolver]
    )
    engine.allocate_tensors()
    return engine


def picture(details: dict[str, Any]) -> Any:
    """Noise: bytes, or floats from -1 to 1."""
    random = np.random.default_rng(0)
    if details["dtype"] == np.float32:
        return random.uniform(-1, 1, details["shape"]).astype(np.float32)
    limits = np.iinfo(details["dtype"])
    return random.integers(limits.min, limits.max + 1, details["shape"]).astype(details["dtype"])


def main() -> None:
    """Print a row for each compilation and each kind of kernels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("package", type=Path)
    arguments = parser.parse_args()
    engine = interpreter(arguments.model, "BUILTIN_REF")
    (given,), (wanted,) = engine.get_input_details(), engine.get_output_details()
    data, output = picture(given), np.empty(wanted["shape"], wanted["dtype"])
    with tempfile.TemporaryDirectory() as folder:
        for optimization in ("-O2", "-O3"):
            run, size = compiled(arguments.package, Path(folder), optimization)
            arena = np.empty(size + 16, np.uint8)
            start = arena.ctypes.data + -arena.ctypes.data % 16
            pointers = [ctypes.c_void_p(one) for one in (data.ctypes.data, output.ctypes.data, start)]
            print(f"| C, gcc {optimization} | {least_time(lambda: run(*pointers)):.1f} | |")  # noqa: B023
    for name, resolver in ENGINES.items():
        engine = interpreter(arguments.model, resolver)
        engine.set_tensor(given["index"], data)
        milliseconds = least_time(engine.invoke)
        apart = np.abs(engine.get_tensor(wanted["index"]).astype(np.float64) - output)
        share, most = (apart == 0).mean(), np.quantile(apart, 0.99)
        differences = f"equal {share:.1%}, 99 % within {most:.3g}, all within {apart.max():.3g}"
        print(f"| LiteRT, {name} | {milliseconds:.1f} | {differences} |")


if __name__ == "__main__":
    main()
