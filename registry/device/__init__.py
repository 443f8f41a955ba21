"""Devices: boards that are reached over a network, and what is done on them with the tools of a POSIX shell."""
