"""The application around the source: the commands, runs, destinations and follow-ups."""
