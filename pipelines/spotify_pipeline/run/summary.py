"""The report at the end of a run, in words and as JSON. Knows what happened, makes nothing happen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

from spotify_pipeline.after_load.follow_up import FollowUp
from spotify_pipeline.dlt_internals.working_directory import Quarantined
from spotify_pipeline.run import data_issues
from spotify_pipeline.run.failures import understand
from spotify_pipeline.run.load_runs import row_of
from spotify_pipeline.run.next_steps import Place, next_steps
from spotify_pipeline.run.outcome import Outcome
from spotify_pipeline.run.reach import found_by, reach_lines
from spotify_pipeline.run.wording import by_bucket, count, local_time
from spotify_source import settings
from spotify_source.models import AlbumCounts, CallCounts, ListingCounts


def as_text(outcome: Outcome, place: Place, seconds: float) -> str:
    """The report, a few lines.

    Args:
        outcome: How the run ended.
        place: Where the data is.
        seconds: How long the run took.
    """
    return "\n".join(_lines(outcome, place, seconds))


def as_json(outcome: Outcome, place: Place, seconds: float) -> str:
    """The report as one JSON object: the row of load_runs, and what it has no column for."""
    row = row_of(outcome)
    structured = {
        name: json.loads(row[name]) for name in ("closed", "values_dropped", "markets", "calls", "blocked_until")
    }
    albums = outcome.result.albums
    more = {
        "seconds": round(seconds, 3),
        "items_dropped": outcome.result.listing.items_dropped + albums.tracks_dropped,
        "paths": [asdict(path) for path in outcome.result.listing.paths],
        "artists_unresolved": [artist.listed_as for artist in outcome.result.listing.unresolved],
        "albums_over_limit": albums.over_limit,
        "albums_failed": albums.failed,
        "albums_given_up": list(albums.given_up),
        "new_fields": list(outcome.loaded.new_fields),
        "set_aside": [{"folder": str(one.directory), "why": one.reason} for one in outcome.loaded.quarantined],
        "followed": [_as_data(one) for one in outcome.followed],
        "db": str(place.db) if place.db else None,
        "dataset": place.dataset,
        "pipelines_dir": str(place.pipelines_dir),
    }
    return json.dumps({**row, **structured, **more}, default=_in_json, ensure_ascii=False)


def _as_data(one: FollowUp) -> dict[str, object]:
    error = None if one.error is None else understand(one.error).reason
    return {"name": one.name, "succeeded": one.error is None, "error": error, **one.data}


def _in_json(value: object) -> str:
    """What JSON has no form for; times in ISO 8601."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _lines(outcome: Outcome, place: Place, seconds: float) -> Iterator[str]:
    result = outcome.result
    yield _found(result.listing)
    yield from reach_lines(result.listing)
    yield _fetched(result.albums)
    yield f"Calls: {_calls(result.calls)}."
    yield from data_issues.as_lines(result.data_issues)
    if outcome.loaded.new_fields:
        yield f"New fields from Spotify, stored as columns: {', '.join(outcome.loaded.new_fields)}."
    if outcome.reason:
        yield f"Not complete: {outcome.reason}"
    yield from _pending(result.albums, result.calls)
    for quarantined in outcome.loaded.quarantined:
        yield from quarantine_lines(quarantined)
    for one in outcome.followed:
        yield from one.lines
    yield f"Took {seconds:.1f} s."
    if result.listing.albums_listed:
        yield from next_steps(place)


def quarantine_lines(quarantined: Quarantined) -> Iterator[str]:
    """Yield the lines about a quarantined working directory: where, why and what to do."""
    yield f"Quarantined: {quarantined.directory}. dlt's working directory could not be used ({quarantined.reason})."
    yield "  Loaded data is not affected; missing data is fetched again."
    if quarantined.command:
        yield f"  Inspect it with dlt: {quarantined.command}"
    yield f"  Delete it when you no longer need it: {quarantined.directory}"


def _found(listing: ListingCounts) -> str:
    if listing.discovered_via is None:
        return "Found: no listing could be read."
    browsed = listing.discovered_via == "browse"
    where = "browse/new-releases" if browsed else f"search in {', '.join(listing.markets)}"
    ways = found_by(listing)
    more = f" and beyond ({ways})" if ways else ""
    return f"Found: {count(listing.albums_listed, 'album')} by {where}{more}, {listing.albums_new} of them new."


def _fetched(albums: AlbumCounts) -> str:
    parts = [f"Fetched: {count(albums.fetched, 'album')}, {count(albums.tracks_loaded, 'track')}"]
    if albums.gone:
        parts.append(f"{albums.gone} gone (404, not requested again)")
    if albums.short:
        parts.append(f"{albums.short} with fewer tracks than total_tracks")
    return "; ".join(parts) + "."


def _calls(calls: CallCounts) -> str:
    made = by_bucket(calls.by_bucket)
    if not calls.retries:
        return made
    return (
        f"{made}; {calls.retries} {'retry' if calls.retries == 1 else 'retries'}, {calls.seconds_waited:.0f} s waited"
    )


def _pending(albums: AlbumCounts, calls: CallCounts) -> Iterator[str]:
    if albums.pending:
        why = f" ({albums.over_limit} of them over the limit)" if albums.over_limit else ""
        yield f"Pending: {count(albums.pending, 'album')}{why}; later runs fetch them."
    if albums.given_up:
        yield (
            f"Given up: {count(len(albums.given_up), 'album')} that failed in {settings.MAX_FAILED_RUNS} runs "
            f"(the first: {albums.given_up[0]}); --full-refresh tries again."
        )
    for bucket, until in sorted(calls.blocked_until.items()):
        yield f"Closed: {bucket}, until {local_time(until)}. Run it again after that."
