"""Removes what has not been listed for some time: Spotify's terms let nothing be kept for ever. Knows tables, not dates.

https://developer.spotify.com/terms
"""
