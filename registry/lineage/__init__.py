"""Lineage: records of what was done here, and the one edge to MLflow, where they can be browsed."""

from registry.lineage.address import Address
from registry.lineage.connection import Connection
from registry.lineage.record import DatasetInput, File, Metric, Record
from registry.lineage.spool import Delivery, Spool
from registry.lineage.tracker import Logged, Tracker

__all__ = [
    "Address",
    "Connection",
    "DatasetInput",
    "Delivery",
    "File",
    "Logged",
    "Metric",
    "Record",
    "Spool",
    "Tracker",
]
