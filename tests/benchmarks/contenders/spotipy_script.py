"""Script in the style of tutorials: sequential calls with spotipy, loaded as JSON.

Usage: spotipy_script.py DATABASE API_URL TOKEN_URL QUOTA_MODE
"""

import json
import sys
import tempfile
from pathlib import Path

import duckdb
import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials

database, api_url, token_url, quota_mode = sys.argv[1:]
SpotifyClientCredentials.OAUTH_TOKEN_URL = token_url
credentials = SpotifyClientCredentials("demo", "demo", cache_handler=MemoryCacheHandler())
spotify = spotipy.Spotify(auth_manager=credentials)
spotify.prefix = api_url

listed = (
    spotify.new_releases(limit=50) if quota_mode == "extended" else spotify.search("tag:new", limit=10, type="album")
)
albums = []
while listed:
    albums += listed["albums"]["items"]
    listed = spotify.next(listed["albums"]) if listed["albums"]["next"] else None

tracks = []
for album in albums:
    page = spotify.album_tracks(album["id"], limit=50)
    while page:
        tracks += [{"album_id": album["id"], **track} for track in page["items"]]
        page = spotify.next(page) if page["next"] else None

with tempfile.TemporaryDirectory() as folder, duckdb.connect(database) as connection:
    for name, rows in {"new_releases": albums, "album_tracks": tracks}.items():
        file = Path(folder, f"{name}.json")
        file.write_text(json.dumps(rows), encoding="utf-8")
        connection.execute(f"CREATE TABLE {name} AS FROM read_json('{file}')")
