"""What TensorFlow is told once a process, and what a record says of the machine."""

from __future__ import annotations

import contextlib
import os
import platform
from typing import Any

from registry import __version__


def settle(seed: int, threads: int) -> int:
    """Make this process reproducible: seeds, and operators that give the same result each time.

    Returns:
        The CPU threads that an operator gets: where TensorFlow runs in this process already, those that it has.
    """
    import keras
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):  # it has begun
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    return tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count() or 1


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
