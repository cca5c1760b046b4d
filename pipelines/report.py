"""Writes the page to look at: `python pipelines/report.py --help`."""

import sys

from spotify_pipeline.cli.report import main

if __name__ == "__main__":
    sys.exit(main())
