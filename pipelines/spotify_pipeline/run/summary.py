"""The report at the end of a run, in words and as JSON. Knows what happened, makes nothing happen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from spotify_pipeline.dlt_internals.working_folder import SetAside
from spotify_pipeline.run import oddities
from spotify_pipeline.run.load_runs import row_of
from spotify_pipeline.run.outcome import Outcome
from spotify_pipeline.run.reach import found_by, reach_lines
from spotify_pipeline.run.wording import by_bucket, count, local_time
from spotify_source import settings
from spotify_source.model.result import AlbumCounts, CallCounts, ListingCounts

EXAMPLE_QUERIES = """\
FROM {dataset}.new_releases SELECT name, album_type, released_on ORDER BY released_on DESC LIMIT 5;
FROM {dataset}.album_tracks SELECT album_id, count(*) AS tracks, sum(duration_ms) // 60000 AS minutes GROUP BY ALL;
FROM {dataset}.load_runs SELECT started_at, albums_new, tracks_loaded, calls ORDER BY started_at DESC;"""


@dataclass(frozen=True)
class Place:
    """Where the loaded data can be looked at.

    Attributes:
        db: The DuckDB file, where it is one.
        dataset: The schema in it.
        queries: Whether to suggest some.
    """

    db: Path | None
    dataset: str
    queries: bool


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
        "set_aside": [{"folder": str(one.folder), "why": one.why} for one in outcome.loaded.set_aside],
        "followed": [line for one in outcome.followed for line in one.lines],
        "db": str(place.db) if place.db else None,
        "dataset": place.dataset,
    }
    return json.dumps({**row, **structured, **more}, default=str, ensure_ascii=False)


def _lines(outcome: Outcome, place: Place, seconds: float) -> Iterator[str]:
    result = outcome.result
    yield _found(result.listing)
    yield from reach_lines(result.listing)
    yield _fetched(result.albums)
    yield f"Calls: {_calls(result.calls)}."
    yield from oddities.as_lines(result.oddities)
    if outcome.loaded.new_fields:
        yield f"Spotify sent fields that are new here, kept as columns: {', '.join(outcome.loaded.new_fields)}."
    if outcome.reason:
        yield f"Not complete: {outcome.reason}"
    yield from _pending(result.albums, result.calls)
    for aside in outcome.loaded.set_aside:
        yield from set_aside_lines(aside)
    for one in outcome.followed:
        yield from one.lines
    yield f"Took {seconds:.1f} s."
    if place.db is not None and result.listing.albums_listed:
        show = f"import duckdb; duckdb.connect({str(place.db)!r}).sql('FROM {place.dataset}.new_releases').show()"
        yield f'Look at it: python -c "{show}"'
    if place.queries:
        yield "Or try:"
        yield EXAMPLE_QUERIES.format(dataset=place.dataset)


def set_aside_lines(one: SetAside) -> Iterator[str]:
    """What was set aside, why, and what to do with it."""
    yield f"Set aside: {one.folder}, what an earlier run left behind and can't be used ({one.why})."
    yield "  Nothing that was loaded is lost, and what is missing is fetched again."
    if one.command:
        yield f"  Look at it: {one.command}"
    yield f"  When you need it no longer: delete {one.folder}"


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
        parts.append(f"{albums.gone} gone (404, not asked for again)")
    if albums.short:
        parts.append(f"{albums.short} with fewer tracks than announced")
    return "; ".join(parts) + "."


def _calls(calls: CallCounts) -> str:
    made = by_bucket(calls.by_bucket)
    if not calls.retries:
        return made
    return f"{made}; {count(calls.retries, 'repetition')}, {calls.seconds_waited:.0f} s waited"


def _pending(albums: AlbumCounts, calls: CallCounts) -> Iterator[str]:
    if albums.pending:
        why = f" ({albums.over_limit} of them over the limit)" if albums.over_limit else ""
        yield f"Pending: {count(albums.pending, 'album')}{why}; later runs fetch them."
    if albums.given_up:
        yield (
            f"Given up: {count(len(albums.given_up), 'album')} that failed in {settings.MAX_FAILED_RUNS} runs "
            f"(the first: {albums.given_up[0]}); --full-refresh asks again."
        )
    for bucket, until in sorted(calls.blocked_until.items()):
        yield f"Closed: {bucket}, until {local_time(until)}. Run it again after that."
