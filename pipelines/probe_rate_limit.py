"""Measures what the API answers at a given interval: `python pipelines/probe_rate_limit.py --help`."""

import sys

from spotify_pipeline.cli.probe import main

if __name__ == "__main__":
    sys.exit(main())
