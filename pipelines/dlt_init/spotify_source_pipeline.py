"""Example pipeline that loads Spotify's new releases, albums and tracks.

Fill in client_id and client_secret in .dlt/, or set SOURCES__SPOTIFY__CLIENT_ID and SOURCES__SPOTIFY__CLIENT_SECRET in the
environment. Later runs fetch only new and changed albums.
"""

import dlt

from spotify_source import Run, spotify_source


def load_new_releases() -> None:
    """Load new releases and print the result. The next run fetches pending albums."""
    pipeline = dlt.pipeline("spotify", destination="duckdb", dataset_name="spotify_raw")
    run = Run()
    print(pipeline.run(spotify_source(run=run)))
    result = run.result()
    print(f"{result.albums.fetched} albums fetched, {result.albums.pending} pending")
    if result.failure is not None:
        raise result.failure


if __name__ == "__main__":
    load_new_releases()
