"""The application: commands, runs, destinations and follow-ups."""
