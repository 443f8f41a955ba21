"""Other zoos' configuration files, mapped to this project's own or refused by name."""
