"""The `zoo` command: thin click commands over `registry`."""
