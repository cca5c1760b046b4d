"""Minimum of any dlt pipeline: import, merge nothing, chain the calls.

The chain consists of the token, the pages of the listing in turn, one call for albums, and the further tracks of the longest
album. Without URLs, the script makes no calls.

Usage: floor.py DATABASE [API_URL TOKEN_URL QUOTA_MODE]
"""

import sys
from pathlib import Path

import dlt
import requests

CHECKOUT = Path(__file__).resolve().parents[3]
# Imports schema.py alone, since importing the package takes longer.
sys.path.append(str(CHECKOUT / "spotify_source"))

import schema  # noqa: E402


@dlt.source(name="spotify")
def empty_tables():
    def table(declared):
        def nothing():
            yield dlt.mark.materialize_table_schema()

        return schema.declare(dlt.resource(nothing, name=declared.name), declared)

    return [table(declared) for declared in schema.TABLES]


def chain(api_url, token_url, quota_mode):
    session = requests.Session()
    token = session.post(token_url, data={"grant_type": "client_credentials"}, auth=("demo", "demo")).json()
    session.headers["Authorization"] = f"Bearer {token['access_token']}"
    url = f"{api_url}browse/new-releases?limit=50"
    if quota_mode == "development":
        url = f"{api_url}search?q=tag:new&type=album&limit=10&market=US"
    albums = []
    while url:
        page = session.get(url).json()["albums"]
        albums += page["items"]
        url = page["next"]
    longest = max(albums, key=lambda album: album["total_tracks"])["id"]
    if quota_mode == "development":
        tracks = session.get(f"{api_url}albums/{longest}?market=US").json()["tracks"]
    else:
        tracks = session.get(f"{api_url}albums?ids={longest}&market=US").json()["albums"][0]["tracks"]
    while tracks["next"]:
        tracks = session.get(tracks["next"]).json()


database, *urls = sys.argv[1:]
if urls:
    chain(*urls)
dlt.pipeline(
    "spotify",
    destination=dlt.destinations.duckdb(database),
    dataset_name="spotify_raw",
    pipelines_dir=str(Path(database).with_suffix("")) + "_pipelines",
).run(empty_tables())
