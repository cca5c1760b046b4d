"""Loads Spotify's new releases, albums and tracks: the script that `dlt init spotify_source` puts beside the source.

Fill in client_id and client_secret in .dlt/, or set SOURCES__SPOTIFY__CLIENT_ID and SOURCES__SPOTIFY__CLIENT_SECRET in the
environment. A later run fetches only what is new or has changed.
"""

import dlt

from spotify_source import Run, spotify_source


def load_new_releases() -> None:
    """Load what is new, and tell how the run went: what it had to leave is fetched by the next one."""
    pipeline = dlt.pipeline("spotify", destination="duckdb", dataset_name="spotify_raw")
    run = Run()
    print(pipeline.run(spotify_source(run=run)))
    result = run.result()
    print(f"{result.albums.fetched} albums fetched, {result.albums.pending} pending")
    if result.failure is not None:
        raise result.failure


if __name__ == "__main__":
    load_new_releases()
