"""Where bytes live: one interface, one file per kind."""
