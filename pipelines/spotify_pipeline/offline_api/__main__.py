"""Command line of the offline API: `python -m spotify_pipeline.offline_api`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timezone
from itertools import repeat
from threading import Event

from .catalogue import Catalogue, artists_with_news
from .faults import NAMED_FAULTS
from .limits import ORDINARY_QUOTAS
from .objects import uri, web_url
from .routes import BUCKETS, DEFAULT_PERMISSIONS
from .server import OfflineApi

_EXAMPLES = f"""\
examples:
  an app in Development Mode, late in its day:
    python -m spotify_pipeline.offline_api --quota-mode development --quota search=12 --quota album=100
  tokens that expire after a minute, and at most 180 calls in 30 s:
    python -m spotify_pipeline.offline_api --token-lifetime 60 --rate-limit 180/30
  the first three calls for an album fail, then each body arrives byte by byte:
    python -m spotify_pipeline.offline_api --fault album=500x3 --fault album=drip

buckets: {", ".join(BUCKETS)}
faults: {", ".join(NAMED_FAULTS)}

Client id and secret are demo. GET /_calls counts the calls by bucket, POST /_reset resets the counts.
"""
# A catalogue is kept in memory, with 20 to 30 KB for each current album.
_MOST_ALBUMS = 100_000
_LATENCY = re.compile(r"[0-9]{1,4}(\.[0-9]{1,9})?")
_FAULT = re.compile(r"([a-z_]+)=([a-z0-9-]+?)(?:x([1-9][0-9]{0,8}))?")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options."""
    options = argparse.ArgumentParser(
        prog="python -m spotify_pipeline.offline_api",
        usage="%(prog)s [options]",
        description="Serve an invented catalogue in Spotify's wire format, until the process is stopped. "
        "Prints api_url and token_url as a line of JSON.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = options.add_argument
    add("--port", type=_whole_number(0, 65_535), default=0, help="port (default: 0, a free one)")
    add("--client-id", default="demo", help="the app's client id (default: demo)")
    add("--client-secret", default="demo", help="the app's client secret (default: demo)")
    modes = tuple(DEFAULT_PERMISSIONS)
    add("--quota-mode", choices=modes, default="extended", help="the app's quota mode (default: extended)")
    permissions = sorted(DEFAULT_PERMISSIONS["extended"])
    add("--allow", choices=permissions, action="append", help="endpoints that an older app may call (repeatable)")

    add = options.add_argument_group("catalogue").add_argument
    add("--seed", type=int, default=1, help="seed of the catalogue (default: 1)")
    add("--listed", type=_whole_number(0, _MOST_ALBUMS), default=100, help="albums in the plain listing (default: 100)")
    add("--current", type=_whole_number(0, _MOST_ALBUMS), help="new albums, listed or not (default: --listed times 5)")
    add("--date", type=_date, metavar="YYYY-MM-DD", help="day to simulate (default: today, UTC)")
    add("--none-gone", action="store_true", help="catalogue without listed albums that answer 404")
    add("--watchlist", action="store_true", help="print a sample watchlist and exit")

    add = options.add_argument_group("limits").add_argument
    seconds = _whole_number(0)
    add("--token-lifetime", type=_whole_number(1), default=3600, metavar="SECONDS", help="lifetime of an access token")
    add("--rate-limit", type=_rate_limit, metavar="CALLS/SECONDS", help="rate limit, such as 180/30 (default: none)")
    add(
        "--retry-after", type=seconds, default=1, metavar="SECONDS", help="Retry-After over the rate limit (default: 1)"
    )
    quota = {"type": _quota, "action": "append", "default": [], "metavar": "BUCKET=CALLS"}
    add("--quota", **quota, help="quota of a bucket (repeatable)")  # type: ignore[arg-type]
    add("--ordinary-quotas", action="store_true", help="the quotas of an ordinary app in Development Mode")
    add("--quota-retry-after", type=seconds, default=48925, metavar="SECONDS", help="Retry-After over a quota")

    add = options.add_argument_group("faults").add_argument
    add("--latency", type=_latency, default=0.0, metavar="SECONDS", help="delay of each reply (default: 0)")
    add(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="BUCKET=FAULT[xN]",
        help="inject a fault; xN: for the next N calls",
    )
    add("--chaos", type=_share, default=0.0, metavar="SHARE", help="share of random faults, 0 to 1 (default: 0)")
    add("--chaos-seed", type=int, default=1, help="seed of the random faults (default: 1)")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the process is stopped."""
    options = parser()
    parsed = options.parse_args(arguments)
    if parsed.watchlist:
        sys.stdout.write(sample_watchlist(_catalogue(parsed)))
        return
    try:
        api = configured_api(parsed)
    except OSError as error:
        options.error(f"argument --port: cannot use {parsed.port}: {error.strerror or error}")
    with api:
        sys.stdout.write(json.dumps({"api_url": api.api_url, "token_url": api.token_url}) + "\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            Event().wait()


def configured_api(options: argparse.Namespace) -> OfflineApi:
    """Return the server with its options applied. A `with` block starts it.

    Raises:
        OSError: The port cannot be used.
    """
    catalogue = _catalogue(options)
    if options.none_gone:
        catalogue.gone.clear()
    api = OfflineApi(
        catalogue,
        options.quota_mode,
        options.client_id,
        options.client_secret,
        latency=options.latency,
        allow=set(options.allow) if options.allow else None,
        port=options.port,
    )
    api.token_lifetime = options.token_lifetime
    api.rate_limit = options.rate_limit
    api.rate_limit_retry_after = options.retry_after
    if options.ordinary_quotas:
        api.quota.update(ORDINARY_QUOTAS)
    api.quota.update(dict(options.quota))
    api.quota_retry_after = options.quota_retry_after
    for bucket, fault, times in options.fault:
        step = NAMED_FAULTS[fault]
        api.faults.add(bucket, repeat(step) if times is None else repeat(step, times))
    api.chaos(options.chaos_seed, options.chaos)
    return api


def sample_watchlist(catalogue: Catalogue, artists: int = 12) -> str:
    """Return a watchlist of artists with new albums, in every supported notation.

    Args:
        catalogue: The catalogue of a day.
        artists: The number of artists. One more line has a name that several artists share.
    """
    lines = ["# Invented artists of the demo: ids, URIs, links or names, one per line."]
    bearers = Counter(artist["name"] for artist in catalogue.artists())
    for number, artist in enumerate(artists_with_news(catalogue, artists)):
        notations = [artist["id"], uri("artist", artist["id"]), web_url("artist", artist["id"])]
        # A shared name is ambiguous.
        if number % 4 == len(notations) and bearers[artist["name"]] == 1:
            lines.append(artist["name"])
        else:
            lines += [f"# {artist['name']}", notations[number % 4 % len(notations)]]
    shared = next((name for name, count in bearers.items() if count > 1), None)
    if shared:
        lines += ["# Several artists have this name:", shared]
    return "\n".join(lines) + "\n"


def _catalogue(options: argparse.Namespace) -> Catalogue:
    day = options.date or datetime.now(timezone.utc).date()
    return Catalogue.generate(options.seed, options.listed, day, options.current)


def _whole_number(lowest: int, highest: int = 999_999_999) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not lowest <= int(text) <= highest:
            raise argparse.ArgumentTypeError(f"must be a whole number from {lowest} to {highest}, got '{text}'")
        return int(text)

    return number


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a date such as 2026-11-20, got '{text}'") from None


def _latency(text: str) -> float:
    if not _LATENCY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"must be a number of seconds below 10000, got '{text}'")
    return float(text)


def _share(text: str) -> float:
    if not re.fullmatch(r"0(\.[0-9]+)?|1(\.0+)?", text):
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, got '{text}'")
    return float(text)


def _rate_limit(text: str) -> tuple[int, float]:
    match = re.fullmatch(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,8})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"must be calls and seconds such as 180/30, got '{text}'")
    return int(match[1]), float(match[2])


def _quota(text: str) -> tuple[str, int]:
    match = re.fullmatch(r"([a-z_]+)=([0-9]{1,9})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"must be a bucket and a number such as album=600, got '{text}'")
    return _bucket(match[1]), int(match[2])


def _fault(text: str) -> tuple[str, str, int | None]:
    match = _FAULT.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"must be a bucket and a fault such as album=500x3, got '{text}'")
    bucket, fault, times = match.groups()
    if fault not in NAMED_FAULTS:
        raise argparse.ArgumentTypeError(f"unknown fault '{fault}'; the faults are {', '.join(NAMED_FAULTS)}")
    return _bucket(bucket), fault, int(times) if times else None


def _bucket(name: str) -> str:
    if name not in BUCKETS:
        raise argparse.ArgumentTypeError(f"unknown bucket '{name}'; the buckets are {', '.join(BUCKETS)}")
    return name


if __name__ == "__main__":
    main()
