"""The command line: a module for each command, their options, and `troth.toml`."""
