"""What is in a model file, without running it: one reader for each format, one graph for all."""
