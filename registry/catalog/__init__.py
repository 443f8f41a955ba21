"""All cards, targets and datasets, compiled for search."""

from registry.catalog.index import Catalog
from registry.catalog.query import Filter, Row

__all__ = ["Catalog", "Filter", "Row"]
