"""The application around the source: the command line, a run, and what follows it."""
