"""An evaluation as one page that needs nothing else, for a browser, with its plain data beside it."""

from __future__ import annotations

from registry.report.folder import PAGE, require_place, write
from registry.report.page import render, require_template_engine
from registry.report.pictures import Exhibit, exhibit

__all__ = ["PAGE", "Exhibit", "exhibit", "render", "require_place", "require_template_engine", "write"]
