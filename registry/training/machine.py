"""What TensorFlow is told once a process, and what a record says of the machine."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

from registry import __version__
from registry.errors import RequestError


def settle(seed: int, threads: int) -> None:
    """Make this process reproducible: seeds, and operators that give the same result each time.

    Raises:
        RequestError: TensorFlow has begun with another number of threads.
    """
    import keras
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        raise RequestError(
            f"TensorFlow runs in this process with another number of threads than {threads}",
            hint="train in a process of its own",
        ) from None
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def environment(threads: int) -> dict[str, Any]:
    """Versions and machine that a result depends on."""
    import keras
    import numpy as np
    import PIL
    import tensorflow as tf

    return {
        "zoo": __version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "machine": platform.machine(),
        "system": platform.system(),
        "threads": threads,
    }


def git_commit(folder: Path) -> str | None:
    """Commit of the working copy that a folder lies in, with `-dirty` where files differ; None without one."""
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--match="]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell, fixed words
    return found.stdout.strip() or None
