"""Datasets on disk: images and masks in the PASCAL VOC layout, read, judged, generated and derived."""

from __future__ import annotations

from registry.samples.voc import Sample, VocFolder

__all__ = ["Sample", "VocFolder"]
