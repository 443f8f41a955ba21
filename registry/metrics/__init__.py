"""Accuracy of class maps against masks, under the four protocols that cards name; agreement of two models."""

from registry.metrics.agreement import Agreement
from registry.metrics.confusion import Pair, confusion_matrix
from registry.metrics.figures import Scores
from registry.metrics.run import PROTOCOLS, Look, Run
from registry.metrics.sight import Sight, lowest

__all__ = [
    "PROTOCOLS",
    "Agreement",
    "Look",
    "Pair",
    "Run",
    "Scores",
    "Sight",
    "confusion_matrix",
    "lowest",
]
