"""Client of the Spotify Web API."""
