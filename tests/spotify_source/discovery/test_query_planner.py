"""Planner of extra queries: a pure function of the history."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spotify_source.discovery.query_planner import Vocabulary, kind_of, plan_queries, words_of
from spotify_source.models import QueryYield, SimplifiedAlbum

NOW = 1_795_000_000.0
DAY = 86400.0


def read(
    query: str, calls: int, new: int, *, listed: int | None = None, is_whole: bool = True, ago: float = 0
) -> QueryYield:
    return QueryYield("run", "US", query, NOW - ago, calls, new if listed is None else listed, new, is_whole)


def words(**albums: str) -> Vocabulary:
    """Return the words of albums, given by artist."""
    vocabulary = Vocabulary()
    vocabulary.learn(SimplifiedAlbum(name=title, artists=[{"name": name}]) for name, title in albums.items())
    return vocabulary


def plan(
    *history: QueryYield, vocabulary: Vocabulary | None = None, limit: int = 1000, market: str = "US"
) -> list[str]:
    found = plan_queries(history, vocabulary or Vocabulary(), market, NOW, limit)
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
        read,
        queries,
        st.integers(1, 10),
        st.integers(0, 100),
        is_whole=st.booleans(),
        ago=st.floats(0, 30 * DAY),
    )
)


@given(histories, st.integers(-3, 400), st.sampled_from(["US", "JP", "GR"]))
def test_a_plan_is_pure_and_within_the_limit(history: list[QueryYield], limit: int, market: str) -> None:
    vocabulary = words(Imka="Copper Lantern", Zoë="Copper")
    found, again = (plan_queries(history, vocabulary, market, NOW, limit) for _ in range(2))
    assert found == again
    assert len(found) <= max(0, limit)
    queries_planned = [choice.query for choice in found]
    assert len(set(queries_planned)) == len(queries_planned)
    assert "tag:new" not in queries_planned
    assert all(choice.expected_yield > 0 for choice in found)
    assert sorted((choice.expected_yield for choice in found), reverse=True) == [
        choice.expected_yield for choice in found
    ]


def test_a_query_is_not_repeated_at_once() -> None:
    assert "tag:new tag:hipster" in plan()
    assert "tag:new tag:hipster" not in plan(read("tag:new tag:hipster", 10, 100, is_whole=False))


def test_a_query_is_repeated_once_new_albums_are_released() -> None:
    history = [read("tag:new tag:hipster", 10, 100, is_whole=False, ago=14 * DAY)]
    assert "tag:new tag:hipster" in plan(*history, limit=20)


def test_kinds_are_ordered_by_their_yield() -> None:
    history = [
        read("tag:new artist:s", 10, 95, is_whole=False),
        read("tag:new album:s", 2, 0, listed=20, is_whole=False),
    ]
    found = plan(*history)
    assert found.index("tag:new artist:m") < found.index("tag:new album:m")


def test_only_queries_with_more_results_are_split() -> None:
    overflowing = plan(read("tag:new artist:s", 10, 90, listed=100, is_whole=False))
    assert {"tag:new artist:sa", "tag:new artist:sz"} <= set(overflowing)
    assert "tag:new artist:sa" not in plan(read("tag:new artist:s", 4, 35, is_whole=True))


def test_words_covered_by_a_letter_are_left_out() -> None:
    vocabulary = words(Sandvarg="Tundra")
    assert "tag:new artist:sandvarg" in plan(vocabulary=vocabulary)
    assert "tag:new artist:sandvarg" not in plan(read("tag:new artist:s", 4, 35), vocabulary=vocabulary)


def test_letters_and_history_belong_to_the_market() -> None:
    assert "tag:new artist:か" in plan(market="JP")
    assert "tag:new artist:か" not in plan(market="US")
    assert "tag:new tag:hipster" in plan(read("tag:new tag:hipster", 10, 100, is_whole=False), market="JP")


def test_a_query_without_results_is_not_repeated() -> None:
    assert "tag:new artist:q" not in plan(read("tag:new artist:q", 1, 0, ago=10 * DAY))


def test_words_are_searchable() -> None:
    assert words_of("The “Höstglöd” (feat. O'Dwyrr) - 99!") == ["the", "höstglöd", "feat", "odwyrr", "99"]
    assert words_of("夏") == ["夏"]
    assert words_of("夏電車") == ["夏電", "電車"]
    assert words_of("คืนนี้ ทะเล") == ["คืน", "ทะเ"]
    assert words_of("चाँदनी") == ["चाँदनी"]
    assert words_of(None) == []


def test_queries_of_one_form_are_one_kind() -> None:
    assert kind_of("tag:new artist:s") == kind_of("tag:new artist:m") != kind_of("tag:new artist:か")
    assert kind_of("tag:new album:copper artist:s") == kind_of("tag:new album:paper artist:m")


def test_a_script_in_the_listing_adds_its_letters() -> None:
    few, many = ({f"Imka {number}": f"夜{number} ночь" for number in range(count)} for count in (2, 9))
    assert "tag:new artist:ж" not in plan(vocabulary=words(**few))
    queries_planned = plan(vocabulary=words(**many))
    assert {"tag:new artist:ж", "tag:new album:花"} <= set(queries_planned)
    assert "tag:new artist:ω" not in queries_planned
