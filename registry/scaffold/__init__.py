"""A card begun from model files: what inspection can tell is written, and what only a person can say is marked."""
