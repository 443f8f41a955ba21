"""Memory that a network needs on a device: flash for weights, RAM for activations, and where the peak is."""

from registry.footprint.plan import Footprint, Layer, plan

__all__ = ["Footprint", "Layer", "plan"]
