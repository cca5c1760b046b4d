"""The command line of the offline API: what each option sets; how it is served is elsewhere."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timezone
from threading import Event

from .api import ALLOWED, OfflineApi
from .catalogue import Catalogue
from .endpoints import BUCKETS
from .faults import NAMED
from .limits import ORDINARY_QUOTAS
from .watchlist import sample_watchlist

_FAULT = re.compile(r"(?P<bucket>[a-z_]+)=(?P<fault>[a-z0-9-]+?)(?:x(?P<times>[1-9][0-9]*))?")
_EXAMPLES = f"""\
examples:
  an app in Development Mode, late in its day:
    python -m spotify_pipeline.offline_api --quota-mode development --quota search=12 --quota album=100
  tokens that end after a minute, and at most 180 calls in 30 s:
    python -m spotify_pipeline.offline_api --token-lifetime 60 --rate-limit 180/30
  the first three calls for an album fail, then each body comes byte by byte:
    python -m spotify_pipeline.offline_api --fault album=500x3 --fault album=drip

buckets: {", ".join(BUCKETS)}
faults: {", ".join(NAMED)}

Credentials are demo and demo. GET /_calls counts the calls by bucket, POST /_reset forgets them.
"""


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(
        prog="python -m spotify_pipeline.offline_api",
        usage="%(prog)s [options]",
        description="Serve an offline API that speaks Spotify's wire format, with an invented catalogue, until it is stopped. "
        "The addresses are one line of JSON on standard output.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = options.add_argument
    add("--port", type=int, default=0, help="the port; 0 takes a free one (default)")
    add(
        "--quota-mode",
        choices=("development", "extended"),
        default="extended",
        help="the kind of app (default: extended)",
    )
    add("--allow", choices=sorted(ALLOWED["extended"]), action="append", help="what an older app may do (repeatable)")
    add("--client-id", default="demo", help="the id that gets a token (default: demo)")
    add("--client-secret", default="demo", help="the secret that goes with it (default: demo)")

    world = options.add_argument_group("the catalogue")
    add = world.add_argument
    add("--seed", type=int, default=1, help="which invented world it is (default: 1)")
    add("--listed", type=_at_least(0), default=100, help="how many albums are listed as new (default: 100)")
    add("--current", type=_at_least(0), help="how many are new, listed or not (default: five times as many)")
    add("--date", type=_date, metavar="YYYY-MM-DD", help="the day to simulate (default: today, UTC)")
    add("--none-gone", action="store_true", help="keep every listed album available")

    add("--watchlist", action="store_true", help="print a list of its artists to watch, and stop")

    limits = options.add_argument_group("limits")
    add = limits.add_argument
    add("--token-lifetime", type=_at_least(1), default=3600, metavar="SECONDS", help="how long tokens are valid")
    add("--rate-limit", type=_rate, metavar="CALLS/SECONDS", help="more calls than that get 429 (such as 180/30)")
    add("--retry-after", type=_at_least(0), default=1, metavar="SECONDS", help="Retry-After of such a 429 (default: 1)")
    add(
        "--quota",
        type=_quota,
        action="append",
        default=[],
        metavar="BUCKET=CALLS",
        help="the calls of a day (repeatable)",
    )
    add("--ordinary-quotas", action="store_true", help=f"what an app in Development Mode has: {_ordinary()}")
    add(
        "--quota-retry-after",
        type=_at_least(0),
        default=48925,
        metavar="SECONDS",
        help="Retry-After once a quota is spent",
    )

    faults = options.add_argument_group("what goes wrong")
    add = faults.add_argument
    add("--latency", type=float, default=0.0, metavar="SECONDS", help="delay of every reply (default: 0)")
    add(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="BUCKET=FAULT[xTIMES]",
        help="let calls fail: so many, in the order given, or from then on all (repeatable)",
    )
    add("--chaos", type=_share, default=0.0, metavar="SHARE", help="let this share of calls fail at random (0 to 1)")
    add("--chaos-seed", type=int, default=1, help="which random (default: 1)")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until killed."""
    options = parser()
    wish = options.parse_args(arguments)
    if wish.watchlist:
        sys.stdout.write(sample_watchlist(_catalogue(wish)))
        return
    try:
        api = made(wish)
    except OSError as error:
        options.error(f"port {wish.port} can't be used: {error.strerror or error}")
    with api:
        sys.stdout.write(json.dumps({"api_url": api.api_url, "token_url": api.token_url}) + "\n")
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            Event().wait()


def made(wish: argparse.Namespace) -> OfflineApi:
    """The server that the options ask for; it serves with the ``with`` block."""
    catalogue = _catalogue(wish)
    if wish.none_gone:
        catalogue.gone.clear()
    api = OfflineApi(
        catalogue,
        wish.quota_mode,
        wish.client_id,
        wish.client_secret,
        latency=wish.latency,
        allow=set(wish.allow) if wish.allow else None,
        port=wish.port,
    )
    api.token_lifetime = wish.token_lifetime
    api.rate_limit = wish.rate_limit
    api.rate_limit_retry_after = wish.retry_after
    if wish.ordinary_quotas:
        api.quota.update(ORDINARY_QUOTAS)
    api.quota.update(dict(wish.quota))
    api.quota_retry_after = wish.quota_retry_after
    for bucket, fault, times in wish.fault:
        step = NAMED[fault]()
        if times is None:
            api.always(bucket, step)
        else:
            api.script(bucket, *[step] * times)
    api.chaos(wish.chaos_seed, wish.chaos)
    return api


def _catalogue(wish: argparse.Namespace) -> Catalogue:
    day = wish.date or datetime.now(timezone.utc).date()
    return Catalogue.generate(wish.seed, wish.listed, day, wish.current)


def _ordinary() -> str:
    return ", ".join(f"{bucket} {calls}" for bucket, calls in ORDINARY_QUOTAS.items())


def _at_least(lowest: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < lowest:
            raise argparse.ArgumentTypeError(f"must be a whole number of {lowest} or more, got '{text}'")
        return int(text)

    return number


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a date such as 2026-11-20, got '{text}'") from None


def _share(text: str) -> float:
    if not re.fullmatch(r"0(\.[0-9]+)?|1(\.0+)?", text):
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, got '{text}'")
    return float(text)


def _rate(text: str) -> tuple[int, float]:
    match = re.fullmatch(r"([1-9][0-9]*)/([1-9][0-9]*)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"must be calls and seconds such as 180/30, got '{text}'")
    return int(match[1]), float(match[2])


def _quota(text: str) -> tuple[str, int]:
    match = re.fullmatch(r"([a-z_]+)=([0-9]+)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"must be a bucket and a number such as album=600, got '{text}'")
    return _bucket(match[1]), int(match[2])


def _fault(text: str) -> tuple[str, str, int | None]:
    match = _FAULT.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"must be a bucket and a fault such as album=500x3, got '{text}'")
    if match["fault"] not in NAMED:
        raise argparse.ArgumentTypeError(f"unknown fault '{match['fault']}'; there are {', '.join(NAMED)}")
    return _bucket(match["bucket"]), match["fault"], int(match["times"]) if match["times"] else None


def _bucket(name: str) -> str:
    if name not in BUCKETS:
        raise argparse.ArgumentTypeError(f"unknown bucket '{name}'; there are {', '.join(BUCKETS)}")
    return name
