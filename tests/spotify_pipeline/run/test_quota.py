"""Test of a quota that is spent during a run, and of the runs after it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone

from spotify_pipeline.offline_api import make_album

from tests.support.albums import albums_of, places_of
from tests.support.apis import Serve
from tests.support.clock import FakeClock
from tests.support.place import Place

RETRY_AFTER = 48925


def test_pending_albums_are_fetched_once_the_quota_returns(place: Place, serve: Serve, clock: FakeClock) -> None:
    albums = albums_of(6)
    api = serve(*albums, quota_mode="development")
    api.quota["album"] = 2

    first = place.load(api)
    assert first.code == 75
    # Each of dlt's five workers may have a call in flight when the quota ends.
    assert first.calls["album"] <= 2 + 5
    assert place.count("albums") == 2
    assert place.count("new_releases") == 6
    assert "Incomplete: the quota for album is spent\n" in first.out
    assert "Pending: 4 albums. The next runs fetch them." in first.out
    opens = datetime.fromtimestamp(clock.now() + RETRY_AFTER, timezone.utc).astimezone()
    assert f"Closed: album, until {opens:%Y-%m-%d %H:%M}" in first.out
    row = place.last_run()
    assert (row["exit_code"], row["albums_fetched"], row["albums_pending"]) == (75, 2, 4)
    assert '"album"' in row["blocked_until"]

    clock.move(RETRY_AFTER / 2)
    too_early = place.load(api)
    assert too_early.code == 75
    assert too_early.calls == Counter(search=1)
    assert "Pending: 4 albums" in too_early.out

    # The quota for listings does not stop the fetch of pending albums.
    clock.move(RETRY_AFTER / 2 + 1)
    del api.quota["album"]
    api.quota["search"] = 0
    unlisted = place.load(api)
    assert unlisted.code == 75
    assert unlisted.calls == Counter(search=1, album=4)
    assert place.places() == places_of(albums)

    clock.move(RETRY_AFTER + 1)
    del api.quota["search"]
    new = make_album("Brand new", 2)
    api.catalogue.albums[new["id"]] = new
    api.catalogue.listing = [new["id"]]
    last = place.load(api)
    assert last.code == 0
    assert last.calls == Counter(search=1, album=1)
    assert place.places() == places_of([*albums, new])
