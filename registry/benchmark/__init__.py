"""Measuring how long an inference takes: on this machine, or on a device."""
