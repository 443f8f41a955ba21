"""Keras files: archives (`.keras`) and HDF5 (`.h5`)."""
