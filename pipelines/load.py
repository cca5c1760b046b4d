"""Loads Spotify's new releases into DuckDB: `python pipelines/load.py --help`."""

import sys

from spotify_pipeline.cli.load import main

if __name__ == "__main__":
    sys.exit(main())
