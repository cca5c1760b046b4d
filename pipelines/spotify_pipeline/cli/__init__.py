"""The command line: options, exit codes, what is said on a terminal."""
