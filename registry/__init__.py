"""The library of `zoo`: cards, catalogue, resolution and verified transfer. It never prints."""

__version__ = "0.1.0"
