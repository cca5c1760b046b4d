"""Script that loads Spotify's new releases, copied by `dlt init spotify_source`.

Set client_id and client_secret in .dlt/, or SOURCES__SPOTIFY__CLIENT_ID and SOURCES__SPOTIFY__CLIENT_SECRET in the
environment. Later runs fetch only albums that are new or have changed.
"""

import dlt

from spotify_source import Run, spotify_source


def load_new_releases() -> None:
    """Load new releases and print the result; the next run fetches pending albums."""
    pipeline = dlt.pipeline("spotify", destination="duckdb", dataset_name="spotify_raw")
    run = Run()
    print(pipeline.run(spotify_source(run=run)))
    result = run.result()
    print(f"{result.albums.fetched} albums fetched, {result.albums.pending} pending")
    if result.failure is not None:
        raise result.failure


if __name__ == "__main__":
    load_new_releases()
