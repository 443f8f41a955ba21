"""A run over images under one or several protocols: each image is looked at once for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from registry.errors import RejectedError, RequestError, UnavailableError
from registry.metrics.confusion import Pair, confusion_matrix
from registry.metrics.figures import Scores
from registry.metrics.tally import GlobalTally, ImageTally, Tally
from registry.samples.pictures import VOID

if TYPE_CHECKING:
    from registry.metrics.confusion import Matrix

PROTOCOLS = ("voc", "st-present-classes", "per-image", "ti-global")
"""Names of the protocols, as cards have them."""
_GLOBAL = ("voc", "ti-global")
_AT_NETWORK_SIZE = ("st-present-classes",)


class Look(NamedTuple):
    """The confusion matrices of one image; None where no protocol of the run asks for that size."""

    at_mask: Matrix | None
    at_network: Matrix | None


class Run:
    """Accuracy of a model under protocols, so far.

    `voc`, `ti-global` and `per-image` look at the mask's own resolution, where they share one confusion matrix an
    image; `st-present-classes` looks at the network's, to which the mask is brought by its nearest pixels.
    """

    def __init__(self, classes: int, protocols: Iterable[str] = PROTOCOLS) -> None:
        """Start without images.

        Args:
            classes: Number of classes of the dataset, background included: 1 to 255.
            protocols: Some of `PROTOCOLS`.

        Raises:
            RequestError: An unknown protocol, or another number of classes.
            UnavailableError: numpy is not installed.
        """
        _require_numpy()
        self.protocols = tuple(dict.fromkeys(protocols))
        if unknown := [name for name in self.protocols if name not in PROTOCOLS]:
            raise RequestError(f"unknown protocol {unknown[0]!r}", hint=f"choose of {', '.join(PROTOCOLS)}")
        if not 1 <= classes <= VOID:
            raise RequestError(f"expected 1 to {VOID} classes, found {classes}: id {VOID} is void")
        self.classes = classes
        self._tallies = {name: _tally(name, classes) for name in self.protocols}

    @property
    def needs_network_size(self) -> bool:
        """Whether `add` needs the pair at the network's size."""
        return any(name in _AT_NETWORK_SIZE for name in self.protocols)

    @property
    def needs_mask_size(self) -> bool:
        """Whether `add` needs the pair at the mask's size."""
        return any(name not in _AT_NETWORK_SIZE for name in self.protocols)

    def look(self, name: str, at_mask: Pair | None, at_network: Pair | None = None) -> Look:
        """What an image has for this run's protocols, without taking it in; safe in another thread than the run's.

        Args:
            name: What errors call the image.
            at_mask: Prediction and mask at the mask's own size.
            at_network: Both at the network's size.

        Raises:
            RejectedError: Shapes or ids are wrong; see `confusion_matrix`.
            RequestError: A protocol of this run needs a pair that is not given.
        """
        mask = network = None
        if self.needs_mask_size:
            mask = confusion_matrix(_required(at_mask, "mask"), self.classes, name)
        if self.needs_network_size:
            pair = _required(at_network, "network")
            network = confusion_matrix(pair, self.classes, name, void_is_background=True)
        return Look(mask, network)

    def take(self, look: Look) -> None:
        """Take in an image by what `look` found."""
        for protocol, tally in self._tallies.items():
            matrix = look.at_network if protocol in _AT_NETWORK_SIZE else look.at_mask
            assert matrix is not None, "look gives what the protocols of its run need"  # noqa: S101
            tally.add(matrix)

    def add(self, name: str, at_mask: Pair | None, at_network: Pair | None = None) -> None:
        """Look at an image and take it in. When it is refused, nothing of it is kept (see `look`)."""
        self.take(self.look(name, at_mask, at_network))

    def scores(self) -> dict[str, Scores]:
        """The figures so far, by protocol."""
        return {name: tally.scores() for name, tally in self._tallies.items()}

    def merge(self, other: Run) -> None:
        """Take in all images of another run.

        Raises:
            RequestError: It has other classes or protocols.
        """
        self.merge_times([other], [1])

    def merge_times(self, others: Sequence[Run], times: Sequence[int]) -> None:
        """Take in all images of several runs, each as often as `times` says.

        Raises:
            RequestError: One has other classes or protocols.
        """
        for other in others:
            if (other.classes, set(other.protocols)) != (self.classes, set(self.protocols)):
                ours, theirs = (f"{run.classes} classes, {', '.join(run.protocols)}" for run in (self, other))
                raise RequestError(f"two runs cannot be merged: expected {ours}, found {theirs}")
        for name, tally in self._tallies.items():
            tally.merge_times([other._tallies[name] for other in others], times)

    def to_json(self) -> dict[str, Any]:
        """The state as plain data, to go on from later."""
        tallies = {name: tally.to_json() for name, tally in self._tallies.items()}
        return {"classes": self.classes, "protocols": tallies}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Run:
        """The run of a state of `to_json`.

        Raises:
            RejectedError: Not such a state.
            RequestError: It names protocols that do not exist here.
        """
        classes, protocols = state.get("classes"), state.get("protocols")
        if type(classes) is not int or not isinstance(protocols, Mapping):
            raise _damaged()
        run = cls(classes, protocols)
        for name, tally in protocols.items():
            if not isinstance(tally, Mapping):
                raise _damaged()
            run._tallies[name].restore(tally)
        return run


def _tally(protocol: str, classes: int) -> Tally:
    return (GlobalTally if protocol in _GLOBAL else ImageTally)(protocol, classes)


def _require_numpy() -> None:
    try:
        import numpy  # noqa: F401
    except ModuleNotFoundError as missing:
        raise UnavailableError(
            "metrics need numpy, which is not installed", hint="pip install 'edge-model-zoo[eval]'"
        ) from missing


def _required(pair: Pair | None, size: str) -> Pair:
    if pair is None:
        raise RequestError(f"the protocols of this run need prediction and mask at the {size}'s size")
    return pair


def _damaged() -> RejectedError:
    return RejectedError("state of an evaluation: damaged", hint="start the evaluation anew")
