"""The command probe: `python pipelines/probe_rate_limit.py --help`."""

import sys

from spotify_pipeline.cli.main import run_command

if __name__ == "__main__":
    sys.exit(run_command("probe"))
