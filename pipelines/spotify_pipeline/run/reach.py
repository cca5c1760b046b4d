"""What is said of the ways to find albums beside the plain listing: in the report, and of the plan of a dry run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spotify_pipeline.run.wording import count
from spotify_source.models import ListingCounts, PathCost, PathCounts, WatchedArtist

# So many names are spelled out; the table has all of them.
_NAMES = 5


def found_by(listing: ListingCounts) -> str:
    """What each way listed, where there was more than one."""
    return ", ".join(f"{path.path} {path.albums_listed}" for path in listing.paths) if len(listing.paths) > 1 else ""


def reach_lines(listing: ListingCounts) -> Iterator[str]:
    """What came of the watchlist, and what the further queries were worth."""
    for path in listing.paths:
        if path.path == "artists":
            yield _artists(path)
        elif path.path == "sweeps":
            yield f"Sweeps: the discographies of {count(path.asked, 'artist')}, {count(path.albums_new, 'new album')}."
        elif path.path == "shards":
            yield _shards(path)
    yield from _unresolved(listing.unresolved)


def cost_lines(further: Sequence[PathCost]) -> Iterator[str]:
    """What each way may cost."""
    for cost in further:
        calls = f"up to {count(cost.calls, 'call')} to {cost.bucket}, not made for this plan"
        yield f"{cost.path.capitalize()}: {calls if cost.calls else f'no call to {cost.bucket} is left for them'}."


def _artists(path: PathCounts) -> str:
    parts = [f"Artists: {path.asked} of {path.asked + path.left} checked, {count(path.albums_new, 'new album')}"]
    if path.failed:
        parts.append(f"{path.failed} failed and will be checked first next time")
    return "; ".join(parts) + "."


def _shards(path: PathCounts) -> str:
    text = f"Beyond the listing: {_queries(path.asked)}, {count(path.calls, 'call')}, "
    text += count(path.albums_new, "new album")
    if path.last_calls:
        text += f"; the last {count(path.last_calls, 'call')} brought {path.last_new / path.last_calls:.1f} each"
    return text + "."


def _unresolved(artists: Sequence[WatchedArtist]) -> Iterator[str]:
    if not artists:
        return
    named = "; ".join(_who(artist) for artist in artists[:_NAMES])
    more = f"; and {len(artists) - _NAMES} more, see watched_artists" if len(artists) > _NAMES else ""
    yield f"Not identified, use the id instead of the name: {named}{more}."


def _who(artist: WatchedArtist) -> str:
    candidates = ", ".join(f"{one.name} {one.artist_id}" for one in artist.candidates[:3])
    return f"{artist.listed_as!r} ({artist.resolved.value}{': ' + candidates if candidates else ''})"


def _queries(number: int) -> str:
    return f"{number} {'query' if number == 1 else 'queries'}"
