"""Pipelines: which steps follow which, what each takes and makes, and what has been done already."""
