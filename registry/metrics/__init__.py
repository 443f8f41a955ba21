"""Accuracy of class maps against masks, under the four protocols that cards name."""

from registry.metrics.confusion import Pair, confusion_matrix, nearest
from registry.metrics.figures import Scores
from registry.metrics.run import PROTOCOLS, Run

__all__ = ["PROTOCOLS", "Pair", "Run", "Scores", "confusion_matrix", "nearest"]
