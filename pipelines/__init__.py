"""Programs around spotify_source: the command that loads, and the offline API."""
