"""Backlog: albums that need a call, by listing and loaded state, in order."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_source import settings
from spotify_source.backlog import album_requests, given_up_albums
from spotify_source.limits.state import SourceState
from spotify_source.models import (
    AlbumRequest,
    Listing,
    LoadedAlbum,
    LoadedRelease,
    LoadedState,
    SimplifiedAlbum,
)

BOTH = ("albums", "album_tracks")


def listing_of(*entries: tuple[str, str, int | None]) -> Listing:
    """Return a listing of (album, market, total_tracks), in this order."""
    totals: dict[str, dict[str, int | None]] = {}
    for album_id, market, total in entries:
        totals.setdefault(album_id, {}).setdefault(market, total)
    return Listing(albums={album_id: {"id": album_id} for album_id in totals}, totals=totals)


def loaded(album_id: str = "a", tracks: int | None = 12, rows: int | None = None, market: str = "US") -> LoadedState:
    """Return the loaded state with one album, as an earlier run listed and loaded it."""
    counts = {album_id: tracks if rows is None else rows}
    return LoadedState(
        releases={album_id: LoadedRelease(market, tracks)},
        albums={album_id: LoadedAlbum(market, tracks)},
        track_counts={key: count for key, count in counts.items() if count},
    )


def requests(
    listing: Listing, loaded: LoadedState | None = None, state: SourceState | None = None, **options: Any
) -> list[AlbumRequest]:
    options = {"tables": BOTH, "default_market": "US", **options}
    return album_requests(listing, loaded or LoadedState(), state or SourceState(), **options)


def ids(*arguments: Any, **options: Any) -> list[str]:
    return [one.album_id for one in requests(*arguments, **options)]


def failed(**times: int) -> SourceState:
    """Return a source state in which albums failed a number of times."""
    state = SourceState()
    for album_id, number in times.items():
        for _ in range(number):
            state.record_failure(album_id)
    return state


NOTHING = listing_of()
LISTED = listing_of(("a", "US", 12))


# -- need


def test_a_request_has_the_listed_and_the_loaded_number_of_tracks() -> None:
    assert requests(LISTED) == [AlbumRequest("a", "US", 12)]
    assert requests(LISTED, loaded(rows=11)) == [AlbumRequest("a", "US", 12, 11)]
    assert requests(LISTED, tables=["albums"]) == [AlbumRequest("a", "US", 12, with_tracks=False)]
    assert requests(NOTHING, LoadedState(releases={"a": LoadedRelease("GB", 12)})) == [AlbumRequest("a", "GB", 12)]


@pytest.mark.parametrize(
    ("tables", "state", "needed"),
    [
        pytest.param(BOTH, loaded(), False, id="complete"),
        pytest.param((), LoadedState(), False, id="no table"),
        pytest.param(BOTH, loaded(tracks=11), True, id="another number listed"),
        pytest.param(BOTH, loaded(rows=11), True, id="a track missing"),
        pytest.param(BOTH, loaded(rows=13), True, id="a track too many"),
        pytest.param(["albums"], loaded(rows=11), False, id="a track missing, albums only"),
        pytest.param(["album_tracks"], loaded(rows=11), True, id="a track missing, tracks only"),
        pytest.param(["albums"], LoadedState(track_counts={"a": 12}), True, id="the album missing"),
        pytest.param(["album_tracks"], LoadedState(track_counts={"a": 12}), False, id="the album missing, tracks only"),
        pytest.param(BOTH, LoadedState(track_counts={"a": 12}), True, id="tracks first, both later"),
        pytest.param(BOTH, LoadedState(albums={"a": LoadedAlbum("US", 12)}), True, id="albums first, both later"),
        pytest.param(["albums"], LoadedState(albums={"a": LoadedAlbum("US", 12)}), False, id="albums again"),
    ],
)
def test_an_album_is_requested_for_the_table_that_lacks_it(tables: Any, state: LoadedState, needed: bool) -> None:
    assert ids(LISTED, state, tables=tables) == ["a"] * needed


def test_an_album_without_tracks_is_complete_without_rows() -> None:
    assert requests(listing_of(("a", "US", 0)), loaded(tracks=0)) == []


def test_an_unknown_number_of_tracks_is_that_of_the_loaded_album() -> None:
    unknown = listing_of(("a", "US", None))
    assert ids(unknown, tables=["album_tracks"]) == ["a"]
    assert ids(unknown, LoadedState(track_counts={"a": 3}), tables=["album_tracks"]) == []
    assert ids(unknown, loaded(rows=11)) == ["a"]


@pytest.mark.parametrize("total", [-1, settings.MAX_TRACKS + 1, 10**9])
def test_an_impossible_number_of_tracks_is_unknown(total: int) -> None:
    assert requests(listing_of(("a", "US", total))) == [AlbumRequest("a", "US", None)]


def test_an_album_short_of_tracks_is_requested_three_times() -> None:
    state, tables, calls = SourceState(), loaded(tracks=11), 0
    while requests(LISTED, tables, state) and calls < 10:
        state.record_fetched("a", 12, 11)
        calls += 1
    assert calls == 3
    assert ids(listing_of(("a", "US", 13)), tables, state) == ["a"]


def test_albums_that_are_gone_are_not_requested() -> None:
    state = SourceState()
    state.record_gone("a", 0)
    assert requests(LISTED, state=state) == []


def test_an_album_is_given_up_after_failing_in_five_runs() -> None:
    state = SourceState()
    for runs in range(1, settings.MAX_FAILED_RUNS + 1):
        assert ids(LISTED, state=state) == ["a"]
        state.record_failure("a")
        given_up = given_up_albums(LISTED, LoadedState(), state, tables=BOTH, default_market="US")
        assert given_up == (["a"] if runs == settings.MAX_FAILED_RUNS else [])
    assert ids(LISTED, state=state) == []
    assert ids(LISTED, state=state, full_refresh=True) == ["a"]
    assert given_up_albums(NOTHING, LoadedState(), state, tables=BOTH, default_market="US") == []
    state.record_fetched("a", 12, 12)
    assert ids(LISTED, state=state) == ["a"]


def test_forgiven_failures_give_no_album_up() -> None:
    state = SourceState()
    for _ in range(3 * settings.MAX_FAILED_RUNS):
        state.record_failure("a")
        state.remove_strike("a")
    assert ids(LISTED, state=state) == ["a"]
    assert state.failures("a") == 3 * settings.MAX_FAILED_RUNS


def test_only_types_leaves_out_other_types_listed_or_pending() -> None:
    found = listing(album("s", kind="single"), album("e", kind="EP"), album("u", kind=""))
    found.albums["u"] = {"id": "u"}
    assert set(ids(found, pending(a="1"), only_types=("single",))) == {"s", "u"}
    assert set(ids(found, pending(a="1"), only_types=("album", "ep"))) == {"a", "e", "u"}
    assert set(ids(found, pending(a="1"))) == {"a", "e", "s", "u"}


# -- market


def test_a_listing_without_a_market_uses_the_default_market() -> None:
    release = LoadedState(releases={"old": LoadedRelease("*", 3)})
    assert requests(NOTHING, release, default_market="SE") == [AlbumRequest("old", "SE", 3)]
    assert requests(listing_of(("a", "*", 3)), default_market="SE") == [AlbumRequest("a", "SE", 3)]
    assert requests(listing_of(("a", "*", 13)), loaded(market="US")) == [AlbumRequest("a", "US", 13, 12)]


def test_an_album_is_compared_in_the_market_where_it_was_fetched() -> None:
    two = listing_of(("a", "GB", 10), ("a", "US", 12))
    assert requests(two) == [AlbumRequest("a", "GB", 10)]
    assert requests(two, loaded(market="US")) == []
    assert requests(two, loaded(market="GB")) == [AlbumRequest("a", "GB", 10, 12)]
    assert requests(listing_of(("a", "GB", 10)), loaded(market="US")) == []


# -- order


def listing(*albums: SimplifiedAlbum, watched: tuple[str, ...] = ()) -> Listing:
    """Return a listing of albums with one track each."""
    return Listing(
        albums={one["id"]: one for one in albums}, totals={one["id"]: {"US": 1} for one in albums}, watched=watched
    )


def album(album_id: str, day: str = "2026-11-20", artist: str = "someone", kind: str = "album") -> SimplifiedAlbum:
    return {"id": album_id, "release_date": day, "artists": [{"id": artist}], "album_type": kind}


def pending(**loads: str) -> LoadedState:
    """Return albums that earlier runs listed and did not fetch, with their load ids."""
    return LoadedState(
        releases={key: LoadedRelease("US", 1, None, "album", "2026-11-01", load) for key, load in loads.items()}
    )


NEWER = listing(*(album(f"n{number}", "2026-11-24") for number in range(9)))


def test_watched_artists_come_before_newer_releases() -> None:
    watched = ("me",)
    found = listing(album("new", "2026-11-24"), album("mine", "2026-11-12", "me"), watched=watched)
    assert ids(found) == ["mine", "new"]
    by_credits = LoadedState(pending(old="1").releases, credits={"old": {"me"}})
    assert ids(listing(album("new"), watched=watched), by_credits) == ["old", "new"]


def test_the_newest_release_comes_before_the_longest_pending() -> None:
    found = listing(album("x", "2026-11-19"), album("y", "2026-11-24"))
    assert ids(found, pending(b="2", a="1", c="3")) == ["y", "x", "a", "b", "c"]


def test_failed_albums_come_last_by_number_of_failures() -> None:
    found = listing(album("x", "2026-11-19"), album("y", "2026-11-24"), album("z", "2026-11-25"))
    assert ids(found, state=failed(y=1, z=2)) == ["x", "y", "z"]


def test_every_fourth_call_goes_to_the_longest_pending() -> None:
    order = ids(NEWER, pending(b="2", a="1"))
    assert (order[3], order[7]) == ("a", "b")
    assert ids(NEWER, pending(a="1"), failed(a=1))[3] == "a"
    order = ids(NEWER, pending(a="1", b="2"), failed(a=1))
    assert (order[3], order[7]) == ("a", "b")


def test_a_full_refresh_requests_everything_least_recently_fetched_first() -> None:
    tables = LoadedState(
        releases={key: LoadedRelease("US", 12) for key in ("young", "old", "missing")},
        albums={"old": LoadedAlbum("US", 12), "young": LoadedAlbum("US", 12)},
    )
    state = SourceState()
    state.record_gone("a", 0)
    assert ids(NOTHING, tables, state, full_refresh=True) == ["missing", "old", "young"]
    assert set(ids(LISTED, tables, state, full_refresh=True)) == {"missing", "old", "young", "a"}


@given(st.integers(1, 12), st.integers(1, 40))
def test_no_album_is_pending_permanently(backlog: int, calls: int) -> None:
    waiting = {f"old{number:02}": f"{number:02}" for number in range(backlog)}
    for run in range(1, 4 * backlog + 2):
        newer = [album(f"run{run}-{number}", "2026-11-24") for number in range(2 * calls)]
        fetched = ids(listing(*newer), pending(**waiting))[: max(4, calls)]
        waiting = {key: load for key, load in waiting.items() if key not in fetched}
    assert not waiting


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["", "1967", "2026-11-20", "0000"])), max_size=12)
)
def test_each_album_is_requested_once(albums: list[tuple[str, str]]) -> None:
    found = listing(*(album(key, day) for key, day in albums))
    assert sorted(ids(found, pending(a="1", z="2"))) == sorted({"a", "z", *found.albums})


# -- any listing, any tables

album_ids = st.sampled_from("abcdef")
markets = st.sampled_from(["US", "GB", "*"])
totals = st.none() | st.integers(0, 3)
listings = st.lists(st.tuples(album_ids, markets, totals), max_size=8).map(lambda entries: listing_of(*entries))
loaded_states = st.builds(
    LoadedState,
    releases=st.dictionaries(album_ids, st.builds(LoadedRelease, markets, totals)),
    albums=st.dictionaries(album_ids, st.builds(LoadedAlbum, st.sampled_from(["US", "GB"]), totals)),
    track_counts=st.dictionaries(album_ids, st.integers(1, 3)),
)


@given(listings, loaded_states, st.sets(st.sampled_from(BOTH)), st.sets(album_ids), st.booleans())
def test_the_backlog_is_pure(
    found: Listing, state: LoadedState, tables: set[str], gone: set[str], full_refresh: bool
) -> None:
    source_state = SourceState()
    for album_id in gone:
        source_state.record_gone(album_id, 0)
    before = copy.deepcopy((found, state))
    first, again = (requests(found, state, source_state, tables=tables, full_refresh=full_refresh) for _ in range(2))
    assert first == again
    assert (found, state) == before
    requested = {one.album_id for one in first}
    assert len(requested) == len(first)
    assert requested <= found.albums.keys() | state.releases.keys()
    assert full_refresh or not gone & requested


@given(listings, loaded_states)
def test_every_album_that_a_table_lacks_is_requested(found: Listing, state: LoadedState) -> None:
    missing = (found.albums.keys() | state.releases.keys()) - state.albums.keys()
    assert missing <= set(ids(found, state))


@dataclass
class Tables:
    """Tables of several runs, and an API with its own number of tracks for each album."""

    listed: dict[str, int]
    # None for an album that is gone.
    served: dict[str, int | None]
    releases: dict[str, LoadedRelease] = field(default_factory=dict)
    albums: dict[str, LoadedAlbum] = field(default_factory=dict)
    track_counts: dict[str, int] = field(default_factory=dict)
    state: SourceState = field(default_factory=SourceState)
    # Calls with a good reply, by album.
    good_calls: dict[str, int] = field(default_factory=dict)

    def run(self, outcomes: list[str]) -> list[AlbumRequest]:
        """Make the requests of one run; 'quota' ends it early."""
        found = listing_of(*((album_id, "US", total) for album_id, total in self.listed.items()))
        backlog = requests(found, LoadedState(self.releases, self.albums, self.track_counts), self.state)
        self.releases.update({album_id: LoadedRelease("US", total) for album_id, total in self.listed.items()})
        for number, request in enumerate(backlog):
            outcome = outcomes[number] if number < len(outcomes) else "good"
            if outcome == "quota":
                break
            self.answer(request, outcome)
        return backlog

    def answer(self, request: AlbumRequest, outcome: str) -> None:
        """Record the reply to one request."""
        tracks = self.served[request.album_id]
        if outcome == "failure":
            self.state.record_failure(request.album_id)
            return
        self.good_calls[request.album_id] = self.good_calls.get(request.album_id, 0) + 1
        if tracks is None:
            self.state.record_gone(request.album_id, 0)
        else:
            self.state.record_fetched(request.album_id, request.listed_tracks, tracks)
            self.albums[request.album_id] = LoadedAlbum("US", tracks)
            self.track_counts[request.album_id] = tracks


@given(
    st.dictionaries(album_ids, st.integers(1, 3), min_size=1),
    st.dictionaries(album_ids, st.none() | st.integers(1, 3)),
    # A fifth run could give an album up.
    st.lists(st.lists(st.sampled_from(["good", "good", "good", "failure", "quota"]), max_size=8), max_size=4),
)
def test_failures_in_any_order_cost_no_call_too_many(
    listed: dict[str, int], other: dict[str, int | None], runs: list[list[str]]
) -> None:
    tables = Tables(listed, {album_id: other.get(album_id, total) for album_id, total in listed.items()})
    for outcomes in [*runs, [], [], [], []]:
        tables.run(outcomes)
    assert tables.run([]) == []
    for album_id, served in tables.served.items():
        assert (album_id in tables.albums) is (served is not None)
        assert tables.good_calls[album_id] == (3 if served not in (None, listed[album_id]) else 1)
