"""Plain dlt source in the style of dlt's documentation, with default settings.

Usage: plain_dlt.py DATABASE API_URL TOKEN_URL QUOTA_MODE
"""

import sys
from pathlib import Path

import dlt
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.auth import OAuth2ClientCredentials
from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator

database, api_url, token_url, quota_mode = sys.argv[1:]
client = RESTClient(
    api_url,
    auth=OAuth2ClientCredentials(access_token_url=token_url, client_id="demo", client_secret="demo"),
)


@dlt.resource(primary_key="id", write_disposition="merge")
def new_releases():
    path, params = "browse/new-releases", {"limit": 50}
    if quota_mode == "development":
        path, params = "search", {"q": "tag:new", "type": "album", "limit": 10}
    yield from client.paginate(
        path, params=params, paginator=JSONLinkPaginator("albums.next"), data_selector="albums.items"
    )


@dlt.transformer(
    data_from=new_releases,
    primary_key=("album_id", "disc_number", "track_number"),
    write_disposition="merge",
    parallelized=True,
)
def album_tracks(albums):
    for album in albums:
        pages = client.paginate(
            f"albums/{album['id']}/tracks",
            params={"limit": 50},
            paginator=JSONLinkPaginator("next"),
            data_selector="items",
        )
        for page in pages:
            yield [{"album_id": album["id"], **track} for track in page]


pipeline = dlt.pipeline(
    "plain",
    destination=dlt.destinations.duckdb(database),
    dataset_name="spotify_raw",
    pipelines_dir=str(Path(database).with_suffix("")) + "_pipelines",
)
pipeline.run([new_releases, album_tracks])
