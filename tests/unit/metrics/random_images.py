"""Random class maps and masks: small, with void, absent classes, and images without pixels."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from registry.metrics import Pair
from registry.samples.pictures import VOID


@st.composite
def pairs(draw: st.DrawFn, classes: int) -> Pair:
    """A prediction and a mask of few classes out of all; void, no prediction and nothing at all occur."""
    shape = draw(st.tuples(st.integers(0, 5), st.integers(0, 5)))
    dtype = draw(st.sampled_from((np.uint8, np.int64)))
    used = st.sets(st.integers(0, classes - 1), min_size=1)
    predictable = draw(st.sampled_from((sorted(draw(used)), [*sorted(draw(used)), VOID])))
    predicted = arrays(dtype, shape, elements=st.sampled_from(predictable))
    labelled = draw(st.sampled_from((sorted(draw(used)), [*sorted(draw(used)), VOID], [VOID])))
    masked = arrays(np.uint8, shape, elements=st.sampled_from(labelled))
    return Pair(draw(predicted), draw(masked))
