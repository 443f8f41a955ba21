"""HDF5 files: groups, attributes, and where datasets lie; never their data."""
