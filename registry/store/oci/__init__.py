"""OCI registries as stores, by the OCI distribution specification 1.1."""
