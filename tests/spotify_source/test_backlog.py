"""Which albums need a call: what is listed against what the tables hold."""

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
from spotify_source.models import AlbumRequest, Listing, LoadedAlbum, LoadedRelease, LoadedState

BOTH = ("albums", "album_tracks")


def listing_of(*entries: tuple[str, str, int | None]) -> Listing:
    """A listing of (album, market, total_tracks), in this order."""
    totals: dict[str, dict[str, int | None]] = {}
    for album_id, market, total in entries:
        totals.setdefault(album_id, {}).setdefault(market, total)
    return Listing(albums={album_id: {"id": album_id} for album_id in totals}, totals=totals)


def loaded(album_id: str = "a", tracks: int | None = 12, rows: int | None = None, market: str = "US") -> LoadedState:
    """Tables that hold one album, as an earlier run listed and loaded it."""
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


def ids(found: list[AlbumRequest]) -> list[str]:
    return [one.album_id for one in found]


NOTHING = listing_of()
LISTED = listing_of(("a", "US", 12))


def test_a_new_album_is_requested() -> None:
    assert requests(LISTED) == [AlbumRequest("a", "US", 12)]


def test_a_request_says_what_is_listed_and_what_is_loaded() -> None:
    assert requests(LISTED, loaded(rows=11)) == [AlbumRequest("a", "US", 12, 11)]
    assert requests(LISTED, tables=["albums"]) == [AlbumRequest("a", "US", 12, with_tracks=False)]
    left_over = LoadedState(releases={"a": LoadedRelease("US", 12)})
    assert requests(NOTHING, left_over) == [AlbumRequest("a", "US", 12)]


def test_a_complete_album_is_not() -> None:
    assert requests(LISTED, loaded()) == []


def test_no_album_is_requested_when_no_table_is() -> None:
    assert requests(LISTED, tables=()) == []


@pytest.mark.parametrize(
    ("requested", "tables", "wanted"),
    [
        pytest.param(BOTH, loaded(tracks=11), True, id="listed with another number"),
        pytest.param(BOTH, loaded(rows=11), True, id="a track is missing"),
        pytest.param(BOTH, loaded(rows=13), True, id="a track too many"),
        pytest.param(["albums"], loaded(rows=11), False, id="a track is missing that nobody asked for"),
        pytest.param(["album_tracks"], loaded(rows=11), True, id="a track is missing, tracks alone"),
        pytest.param(["albums"], LoadedState(track_counts={"a": 12}), True, id="the album is missing"),
        pytest.param(
            ["album_tracks"],
            LoadedState(track_counts={"a": 12}),
            False,
            id="the album is missing that nobody asked for",
        ),
        pytest.param(BOTH, LoadedState(track_counts={"a": 12}), True, id="tracks first, everything later"),
        pytest.param(BOTH, LoadedState(albums={"a": LoadedAlbum("US", 12)}), True, id="albums first, everything later"),
        pytest.param(["albums"], LoadedState(albums={"a": LoadedAlbum("US", 12)}), False, id="albums again"),
    ],
)
def test_an_album_is_requested_for_the_table_that_lacks_it(requested: Any, tables: LoadedState, wanted: bool) -> None:
    assert ids(requests(LISTED, tables, tables=requested)) == (["a"] if wanted else [])


def test_an_album_that_is_gone_is_not_requested() -> None:
    state = SourceState()
    state.note_gone("a", 0)
    assert requests(LISTED, state=state) == []


def test_an_album_without_tracks_is_complete_without_rows() -> None:
    assert requests(listing_of(("a", "US", 0)), loaded(tracks=0)) == []


def test_an_album_whose_number_nobody_knows_is_requested_until_it_has_rows() -> None:
    unknown = listing_of(("a", "US", None))
    assert ids(requests(unknown, tables=["album_tracks"])) == ["a"]
    assert requests(unknown, LoadedState(track_counts={"a": 3}), tables=["album_tracks"]) == []


def test_an_album_whose_number_nobody_knows_is_complete_when_it_has_the_tracks_of_its_row() -> None:
    assert ids(requests(listing_of(("a", "US", None)), loaded(rows=11))) == ["a"]


def test_an_album_that_stays_short_is_asked_for_three_times() -> None:
    state = SourceState()
    tables = loaded(tracks=11)
    asked = 0
    while requests(LISTED, tables, state) and asked < 10:
        state.note_fetched("a", 12, 11)
        asked += 1
    assert asked == 3
    assert ids(requests(listing_of(("a", "US", 13)), tables, state)) == ["a"]


def test_what_is_left_over_is_requested_though_it_is_no_longer_listed() -> None:
    assert requests(NOTHING, LoadedState(releases={"old": LoadedRelease("GB", 3)})) == [AlbumRequest("old", "GB", 3)]


def test_what_browse_left_over_is_asked_for_in_the_default_market() -> None:
    assert requests(NOTHING, LoadedState(releases={"old": LoadedRelease("*", 3)}), default_market="SE") == [
        AlbumRequest("old", "SE", 3)
    ]
    assert requests(listing_of(("a", "*", 3)), default_market="SE") == [AlbumRequest("a", "SE", 3)]


def test_an_album_is_asked_for_in_the_first_market_that_lists_it() -> None:
    assert requests(listing_of(("a", "GB", 12), ("a", "US", 13))) == [AlbumRequest("a", "GB", 12)]


def test_a_loaded_album_is_compared_with_the_number_of_its_own_market() -> None:
    two = listing_of(("a", "GB", 10), ("a", "US", 12))
    assert requests(two, loaded(market="US")) == []
    assert requests(two, loaded(market="GB")) == [AlbumRequest("a", "GB", 10, 12)]


def test_a_number_from_another_market_says_nothing() -> None:
    assert requests(listing_of(("a", "GB", 10)), loaded(market="US")) == []


def test_browse_has_the_number_for_every_market() -> None:
    assert requests(listing_of(("a", "*", 13)), loaded(market="US")) == [AlbumRequest("a", "US", 13, 12)]


def test_the_backlog_goes_before_what_is_new() -> None:
    tables = LoadedState(releases={"old": LoadedRelease("US", 1), "older": LoadedRelease("US", 1)})
    assert ids(requests(listing_of(("new", "US", 1), ("old", "US", 1)), tables))[-1] == "new"


def test_what_failed_goes_last_the_most_often_failed_at_the_end() -> None:
    state = SourceState()
    for album_id, times in (("old", 2), ("a", 1)):
        for _ in range(times):
            state.note_failed(album_id)
    tables = LoadedState(releases={"old": LoadedRelease("US", 1), "older": LoadedRelease("US", 1)})
    listing = listing_of(("a", "US", 1), ("b", "US", 1))
    assert ids(requests(listing, tables, state)) == ["older", "b", "a", "old"]


def test_what_failed_in_five_runs_is_given_up_and_named() -> None:
    state = SourceState()
    for runs in range(1, settings.MAX_FAILED_RUNS + 1):
        assert ids(requests(LISTED, state=state)) == ["a"]
        state.note_failed("a")
        named = given_up_albums(LISTED, LoadedState(), state, tables=BOTH, default_market="US")
        assert named == (["a"] if runs == settings.MAX_FAILED_RUNS else [])
    assert requests(LISTED, state=state) == []
    assert ids(requests(LISTED, state=state, full_refresh=True)) == ["a"]
    assert given_up_albums(NOTHING, LoadedState(), state, tables=BOTH, default_market="US") == []
    state.note_fetched("a", 12, 12)
    assert ids(requests(LISTED, state=state)) == ["a"]


def test_a_failure_that_is_forgiven_gives_nothing_up() -> None:
    state = SourceState()
    for _ in range(3 * settings.MAX_FAILED_RUNS):
        state.note_failed("a")
        state.forgive("a")
    assert ids(requests(LISTED, state=state)) == ["a"]
    assert state.failures("a") == 3 * settings.MAX_FAILED_RUNS


@pytest.mark.parametrize("total", [-1, settings.MAX_TRACKS + 1, 10**9])
def test_a_number_of_tracks_that_nobody_could_read_is_not_believed(total: int) -> None:
    assert requests(listing_of(("a", "US", total))) == [AlbumRequest("a", "US", None)]


def test_a_full_refresh_requests_everything() -> None:
    state = SourceState()
    state.note_gone("a", 0)
    tables = loaded("b")
    assert set(ids(requests(LISTED, tables, state, full_refresh=True))) == {"a", "b"}


def test_a_full_refresh_begins_with_what_is_missing_and_goes_on_with_the_longest_ago() -> None:
    tables = LoadedState(
        releases={key: LoadedRelease("US", 12) for key in ("young", "old", "missing")},
        albums={"old": LoadedAlbum("US", 12), "young": LoadedAlbum("US", 12)},
    )
    assert ids(requests(NOTHING, tables, full_refresh=True)) == ["missing", "old", "young"]


def test_requests_are_not_cut_short() -> None:
    assert len(requests(listing_of(*((f"a{n}", "US", 1) for n in range(500))))) == 500


# -- any listing, any tables

album_ids = st.sampled_from("abcdef")
markets = st.sampled_from(["US", "GB", "*"])
totals = st.none() | st.integers(0, 3)
listings = st.lists(st.tuples(album_ids, markets, totals), max_size=8).map(lambda entries: listing_of(*entries))
tables_of_all_kinds = st.builds(
    LoadedState,
    releases=st.dictionaries(album_ids, st.builds(LoadedRelease, markets, totals)),
    albums=st.dictionaries(album_ids, st.builds(LoadedAlbum, st.sampled_from(["US", "GB"]), totals)),
    track_counts=st.dictionaries(album_ids, st.integers(1, 3)),
)
requested_tables = st.sets(st.sampled_from(BOTH))


@given(listings, tables_of_all_kinds, requested_tables, st.sets(album_ids), st.booleans())
def test_the_backlog_is_pure(
    listing: Listing, tables: LoadedState, requested: set[str], gone: set[str], full_refresh: bool
) -> None:
    state = SourceState()
    for album_id in gone:
        state.note_gone(album_id, 0)
    before = copy.deepcopy((listing, tables))
    first = requests(listing, tables, state, tables=requested, full_refresh=full_refresh)
    assert requests(listing, tables, state, tables=requested, full_refresh=full_refresh) == first
    assert (listing, tables) == before
    assert len(set(ids(first))) == len(first)
    assert set(ids(first)) <= listing.albums.keys() | tables.releases.keys()
    assert full_refresh or not gone & set(ids(first))


@given(listings, tables_of_all_kinds)
def test_whatever_a_requested_table_lacks_is_requested(listing: Listing, tables: LoadedState) -> None:
    wanted = listing.albums.keys() | tables.releases.keys()
    missing = {album_id for album_id in wanted if album_id not in tables.albums}
    assert missing <= set(ids(requests(listing, tables)))


@dataclass
class Shelf:
    """A world in which an album serves a number of tracks, which need not be the one that is listed."""

    listed: dict[str, int]
    served: dict[str, int | None]  # None: it is gone
    releases: dict[str, LoadedRelease] = field(default_factory=dict)
    albums: dict[str, LoadedAlbum] = field(default_factory=dict)
    track_counts: dict[str, int] = field(default_factory=dict)
    state: SourceState = field(default_factory=SourceState)
    calls: list[str] = field(default_factory=list)

    def run(self, outcomes: list[str]) -> list[AlbumRequest]:
        """One run: each request meets an outcome; the run ends at 'quota'."""
        listing = listing_of(*((album_id, "US", total) for album_id, total in self.listed.items()))
        found = requests(listing, LoadedState(self.releases, self.albums, self.track_counts), self.state)
        for album_id, total in self.listed.items():
            self.releases[album_id] = LoadedRelease("US", total)
        for number, one in enumerate(found):
            outcome = outcomes[number] if number < len(outcomes) else "good"
            if outcome == "quota":
                break
            self.calls.append(one.album_id)
            self.answer(one, outcome)
        return found

    def answer(self, one: AlbumRequest, outcome: str) -> None:
        """What the fetch of one album leaves behind."""
        got = self.served[one.album_id]
        if outcome == "trouble":
            self.state.note_failed(one.album_id)
        elif got is None:
            self.state.note_gone(one.album_id, 0)
        else:
            self.state.note_fetched(one.album_id, one.listed_tracks, got)
            self.albums[one.album_id] = LoadedAlbum("US", got)
            self.track_counts[one.album_id] = got


outcomes = st.lists(st.sampled_from(["good", "good", "good", "trouble", "quota"]), max_size=8)


@given(
    st.dictionaries(album_ids, st.integers(1, 3), min_size=1),
    st.dictionaries(album_ids, st.none() | st.integers(1, 3)),
    # One more run could be the fifth in which an album fails, after which it is given up.
    st.lists(outcomes, max_size=4),
)
def test_any_order_of_trouble_ends_with_every_album_loaded_and_no_call_too_many(
    listed: dict[str, int], odd: dict[str, int | None], runs: list[list[str]]
) -> None:
    shelf = Shelf(listed, {album_id: odd.get(album_id, total) for album_id, total in listed.items()})
    good_calls: dict[str, int] = dict.fromkeys(listed, 0)
    for run in runs:
        before = len(shelf.calls)
        found = shelf.run(run)
        for number, album_id in enumerate(shelf.calls[before:]):
            assert found[number].album_id == album_id
            good_calls[album_id] += number >= len(run) or run[number] == "good"
    for _ in range(4):
        for album_id in ids(shelf.run([])):
            good_calls[album_id] += 1
    assert shelf.run([]) == []
    for album_id, served in shelf.served.items():
        assert (album_id in shelf.albums) is (served is not None)
        assert good_calls[album_id] == (3 if served not in (None, listed[album_id]) else 1)
