"""All cards, targets and datasets, compiled for search."""

from registry.catalog.query import Filter, Row
from registry.catalog.reader import Catalog

__all__ = ["Catalog", "Filter", "Row"]
