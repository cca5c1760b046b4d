"""Command line: options, the three commands, and their output on a terminal."""
