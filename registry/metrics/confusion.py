"""The confusion matrix of one image: what every protocol is computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from registry.errors import RejectedError
from registry.samples.pictures import VOID

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Matrix = NDArray[np.int64]

_IDS = 256
_NAMED = 10


class Pair(NamedTuple):
    """A class map and the mask that it is held against, both (H, W) of class ids.

    255 in the mask is void; in the class map it is a pixel without a prediction: preparation has cut it off, so
    that the model never saw it.
    """

    prediction: Array
    mask: Array


def confusion_matrix(pair: Pair, classes: int, name: str, *, void_is_background: bool = False) -> Matrix:
    """Pixels by class of the mask (row) and of the prediction (column); the last column is of no prediction.

    Pixels without a prediction stay in the rows, so that they lower recall and IoU of their class: were they left
    out, a model would be the better the less of a picture it looks at.

    Mask and prediction are fused into one index a pixel, which is counted once, so that an id which the dataset
    does not have is found in the counts and costs no pass of its own.

    Args:
        pair: Class map and mask of one image; an image without pixels is allowed.
        classes: Number of classes of the dataset, 1 to 255; their ids are 0 to `classes` - 1.
        name: What errors call the image.
        void_is_background: Count void pixels as class 0, as ST does; otherwise they are left out.

    Returns:
        (classes, classes + 1) of int64.

    Raises:
        RejectedError: The shapes differ, something is no array of class ids, or an id is not one of the dataset.
    """
    import numpy as np

    prediction, mask = (np.asarray(part) for part in pair)
    _require_maps(prediction, mask, name)
    for what, ids in (("prediction", prediction), ("mask", mask)):
        if ids.size and (ids.min() < 0 or ids.max() >= _IDS):
            raise _unknown(name, what, np.unique(ids), classes)
    fused = mask.astype(np.uint16) << 8 | prediction.astype(np.uint8)
    counts = np.bincount(fused.ravel(), minlength=_IDS * _IDS).reshape(_IDS, _IDS)
    if counts[:, classes:VOID].any():
        raise _unknown(name, "prediction", np.flatnonzero(counts.any(axis=0)), classes)
    if counts[classes:VOID].any():
        raise _unknown(name, "mask", np.flatnonzero(counts.any(axis=1)), classes)
    rows = counts[:classes]
    if void_is_background:
        rows[0] += counts[VOID]
    matrix: Matrix = np.empty((classes, classes + 1), np.int64)
    matrix[:, :classes], matrix[:, classes] = rows[:, :classes], rows[:, VOID]
    return matrix


def _require_maps(prediction: Array, mask: Array, name: str) -> None:
    for what, ids in (("prediction", prediction), ("mask", mask)):
        if ids.ndim != 2 or ids.dtype.kind not in "iu":
            found = f"{ids.dtype} of shape {ids.shape}"
            raise RejectedError(f"{name}: expected the {what} to be integers of shape (H, W), found {found}")
    if prediction.shape != mask.shape:
        raise RejectedError(
            f"{name}: expected a prediction of the mask's shape {mask.shape}, found {prediction.shape}",
            hint="resize the class map to the mask, or the mask to the network, as the protocol says",
        )


def _unknown(name: str, what: str, found: Array, classes: int) -> RejectedError:
    allowed = {*range(classes), VOID}
    ids = [int(number) for number in found if int(number) not in allowed]
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    listed = ", ".join(str(number) for number in ids[:_NAMED])
    return RejectedError(
        f"{name}: expected ids 0 to {classes - 1} in the {what}, found {listed}{more}",
        hint="the masks must be of the dataset that is named"
        if what == "mask"
        else "is the model of this dataset?",
    )
