"""Who gets the scarce album call."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spotify_source.backlog import has_chosen_type, in_order
from spotify_source.limits.state import SourceState
from spotify_source.models import AlbumRequest, Listing, LoadedRelease, LoadedState, SimplifiedAlbum


def listing(*albums: SimplifiedAlbum, watched: tuple[str, ...] = ()) -> Listing:
    return Listing(albums={album["id"]: album for album in albums}, watched=watched)


def album(album_id: str, day: str = "2026-11-20", artist: str = "someone", kind: str = "album") -> SimplifiedAlbum:
    return {"id": album_id, "release_date": day, "artists": [{"id": artist}], "album_type": kind}


def pending(**loads: str) -> LoadedState:
    """Albums that an earlier run listed, by the load that did."""
    return LoadedState(
        releases={key: LoadedRelease("US", 1, None, "album", "2026-11-01", load) for key, load in loads.items()}
    )


def order(found: Listing, loaded: LoadedState | None = None, state: SourceState | None = None) -> list[str]:
    tables = loaded or LoadedState()
    requests = [AlbumRequest(key, "US", 1) for key in {**tables.releases, **found.albums}]
    return [one.album_id for one in in_order(requests, found, tables, state or SourceState())]


def test_watched_artists_come_before_newer_releases() -> None:
    assert order(listing(album("new", "2026-11-24"), album("mine", "2026-11-12", "me"), watched=("me",))) == [
        "mine",
        "new",
    ]


def test_an_album_of_a_watched_artist_that_is_pending_is_known_by_its_credits() -> None:
    loaded = LoadedState(pending(old="1").releases, credits={"old": {"me"}})
    assert order(listing(album("new"), watched=("me",)), loaded) == ["old", "new"]


def test_the_newest_release_comes_first_then_what_waits_the_longest() -> None:
    loaded = pending(b="2", a="1", c="3")
    assert order(listing(album("x", "2026-11-19"), album("y", "2026-11-24")), loaded) == ["y", "x", "a", "b", "c"]


def test_what_failed_last_time_comes_last() -> None:
    state = SourceState()
    state.note_failed("y")
    assert order(listing(album("x", "2026-11-19"), album("y", "2026-11-24")), state=state) == ["x", "y"]


def test_what_failed_does_not_wait_for_ever_behind_what_comes_every_day() -> None:
    state = SourceState()
    state.note_failed("a")
    newer = [album(f"n{number}", "2026-11-24") for number in range(9)]
    assert order(listing(*newer), pending(a="1"), state)[3] == "a"
    assert order(listing(*newer), pending(a="1", b="2"), state)[3:8:4] == ["a", "b"]


def test_one_call_in_four_goes_to_what_has_waited_the_longest() -> None:
    newer = [album(f"n{number}", "2026-11-24") for number in range(9)]
    assert order(listing(*newer), pending(b="2", a="1"))[3] == "a"
    assert order(listing(*newer), pending(b="2", a="1"))[7] == "b"


@given(st.integers(1, 12), st.integers(1, 40))
def test_nothing_starves_while_more_comes_than_can_be_fetched(backlog: int, calls: int) -> None:
    waiting = {f"old{number:02}": f"{number:02}" for number in range(backlog)}
    for run in range(1, 4 * backlog + 2):
        newer = [album(f"run{run}-{number}", "2026-11-24") for number in range(2 * calls)]
        fetched = order(listing(*newer), pending(**waiting))[: max(4, calls)]
        waiting = {key: load for key, load in waiting.items() if key not in fetched}
    assert not waiting


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["", "1967", "2026-11-20", "0000"])), max_size=12)
)
def test_each_request_has_its_turn_once(albums: list[tuple[str, str]]) -> None:
    found = listing(*(album(key, day) for key, day in albums))
    assert sorted(order(found, pending(a="1", z="2"))) == sorted({"a", "z", *found.albums})


def test_a_type_that_was_not_chosen_costs_no_call_listed_or_pending() -> None:
    found = listing(album("s", kind="single"), album("e", kind="EP"))
    assert has_chosen_type("s", found, LoadedState(), ("single",))
    assert not has_chosen_type("s", found, LoadedState(), ("album", "ep"))
    assert has_chosen_type("e", found, LoadedState(), ("ep",))
    assert not has_chosen_type("a", found, pending(a="1"), ("single",))
    assert has_chosen_type("a", found, pending(a="1"), ())
