"""What is asked next: the same for the same history, never more than may be, and what brings the most."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spotify_source.discovery.query_planner import Vocabulary, kind_of, plan_queries, words_of
from spotify_source.models import QueryYield, SimplifiedAlbum

NOW = 1_795_000_000.0
DAY = 86400.0


def brought(
    query: str, calls: int, new: int, *, listed: int | None = None, is_whole: bool = True, ago: float = 0
) -> QueryYield:
    return QueryYield("run", "US", query, NOW - ago, calls, new if listed is None else listed, new, is_whole)


def words(**albums: str) -> Vocabulary:
    """The words of albums by their artists."""
    vocabulary = Vocabulary()
    vocabulary.learn(SimplifiedAlbum(name=title, artists=[{"name": name}]) for name, title in albums.items())
    return vocabulary


def plan(
    *history: QueryYield, vocabulary: Vocabulary | None = None, remaining: int = 1000, market: str = "US"
) -> list[str]:
    found = plan_queries(history, vocabulary or Vocabulary(), market, NOW, remaining)
    return [choice.query for choice in found]


queries = st.sampled_from(
    [
        "tag:new s",
        "tag:new artist:s",
        "tag:new album:copper",
        "tag:new tag:hipster",
        "tag:new year:2026",
        "tag:new artist:imka",
    ]
)
histories = st.lists(
    st.builds(
        brought,
        queries,
        st.integers(1, 10),
        st.integers(0, 100),
        is_whole=st.booleans(),
        ago=st.floats(0, 30 * DAY),
    )
)


@given(histories, st.integers(-3, 400), st.sampled_from(["US", "JP", "GR"]))
def test_the_same_history_gives_the_same_plan_and_never_more_than_may_be(
    history: list[QueryYield], remaining: int, market: str
) -> None:
    vocabulary = words(Imka="Copper Lantern", Zoë="Copper")
    found, again = (plan_queries(history, vocabulary, market, NOW, remaining) for _ in range(2))
    assert found == again
    assert len(found) <= max(0, remaining)
    asked = [choice.query for choice in found]
    assert len(set(asked)) == len(asked)
    assert "tag:new" not in asked
    assert all(choice.expected_yield > 0 for choice in found)
    assert sorted((choice.expected_yield for choice in found), reverse=True) == [
        choice.expected_yield for choice in found
    ]


def test_what_was_just_asked_is_not_asked_again() -> None:
    assert "tag:new tag:hipster" in plan()
    assert "tag:new tag:hipster" not in plan(brought("tag:new tag:hipster", 10, 100, is_whole=False))


def test_what_was_asked_long_ago_is_asked_again_as_new_albums_have_come_out_since() -> None:
    history = [brought("tag:new tag:hipster", 10, 100, is_whole=False, ago=14 * DAY)]
    assert "tag:new tag:hipster" in plan(*history, remaining=20)


def test_a_kind_that_brings_much_comes_before_one_that_brings_nothing() -> None:
    history = [
        brought("tag:new artist:s", 10, 95, is_whole=False),
        brought("tag:new album:s", 2, 0, listed=20, is_whole=False),
    ]
    found = plan(*history)
    assert found.index("tag:new artist:m") < found.index("tag:new album:m")


def test_what_overflows_is_split_and_what_was_read_whole_is_not() -> None:
    overflowing = plan(brought("tag:new artist:s", 10, 90, listed=100, is_whole=False))
    assert {"tag:new artist:sa", "tag:new artist:sz"} <= set(overflowing)
    assert "tag:new artist:sa" not in plan(brought("tag:new artist:s", 4, 35, is_whole=True))


def test_words_that_a_letter_has_shown_whole_are_not_asked() -> None:
    vocabulary = words(Sandvarg="Tundra")
    assert "tag:new artist:sandvarg" in plan(vocabulary=vocabulary)
    assert "tag:new artist:sandvarg" not in plan(brought("tag:new artist:s", 4, 35), vocabulary=vocabulary)


def test_the_letters_are_those_of_the_market_and_history_is_of_the_market_too() -> None:
    assert "tag:new artist:か" in plan(market="JP")
    assert "tag:new artist:か" not in plan(market="US")
    assert "tag:new tag:hipster" in plan(brought("tag:new tag:hipster", 10, 100, is_whole=False), market="JP")


def test_a_dry_query_is_left() -> None:
    assert "tag:new artist:q" not in plan(brought("tag:new artist:q", 1, 0, ago=10 * DAY))


def test_words_are_those_that_a_search_can_take() -> None:
    assert words_of("The “Höstglöd” (feat. O'Dwyrr) - 99!") == ["the", "höstglöd", "feat", "odwyrr", "99"]
    assert words_of("夏") == ["夏"]
    assert words_of("夏電車") == ["夏電", "電車"]
    assert words_of("คืนนี้ ทะเล") == ["คืน", "ทะเ"]
    assert words_of("चाँदनी") == ["चाँदनी"]
    assert words_of(None) == []


def test_queries_of_one_form_are_of_one_kind() -> None:
    assert kind_of("tag:new artist:s") == kind_of("tag:new artist:m") != kind_of("tag:new artist:か")
    assert kind_of("tag:new album:copper artist:s") == kind_of("tag:new album:paper artist:m")


def test_a_script_that_the_listing_shows_is_asked_for_by_its_letters_in_any_market() -> None:
    few, many = ({f"Imka {number}": f"夜{number} ночь" for number in range(count)} for count in (2, 9))
    assert "tag:new artist:ж" not in plan(vocabulary=words(**few))
    asked = plan(vocabulary=words(**many))
    assert {"tag:new artist:ж", "tag:new album:花"} <= set(asked)
    assert "tag:new artist:ω" not in asked
