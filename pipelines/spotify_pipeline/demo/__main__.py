"""The offline API in a process of its own: ``python -m spotify_pipeline.demo``."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import suppress
from datetime import date, datetime, timezone
from threading import Event

from . import Catalogue, OfflineApi


def main() -> None:
    """Serve until killed; the addresses are one line of JSON on standard output."""
    parser = argparse.ArgumentParser(prog="python -m spotify_pipeline.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the port; 0 takes a free one (default)")
    parser.add_argument("--regime", choices=("development", "extended"), default="extended")
    parser.add_argument("--listed", type=int, default=100, help="how many albums are listed as new (default 100)")
    parser.add_argument("--seed", type=int, default=1, help="which invented world it is (default 1)")
    parser.add_argument(
        "--date", type=date.fromisoformat, default=None, help="the day it is there (default today, UTC)"
    )
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every reply takes (default 0)")
    parser.add_argument("--none-gone", action="store_true", help="let every listed album still be there")
    options = parser.parse_args()
    catalogue = Catalogue.generate(options.seed, options.listed, options.date or datetime.now(timezone.utc).date())
    if options.none_gone:
        catalogue.gone.clear()
    with OfflineApi(catalogue, options.regime, latency=options.latency, port=options.port) as api:
        sys.stdout.write(json.dumps({"api_url": api.api_url, "token_url": api.token_url}) + "\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            Event().wait()


if __name__ == "__main__":
    main()
