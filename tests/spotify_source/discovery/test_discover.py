"""How new releases are found, by either path, and what becomes of a listing that is not as it should be."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, OfflineApi, Reply, errors, make_album

from spotify_source import Run, SpotifySourceError
from spotify_source.errors import (
    ApiUnavailableError,
    CredentialsError,
    ForbiddenError,
    ForeignOriginError,
    PagingError,
    PremiumRequiredError,
)
from tests.support.albums import albums_of, places_of
from tests.support.apis import Serve
from tests.support.clock import DAY, FakeClock
from tests.support.source import extract
from tests.support.warehouse import Warehouse


@pytest.fixture
def many() -> list[Album]:
    """Albums for two pages of browse and several of search."""
    return albums_of(55)


def listed(rows: list[dict[str, Any]]) -> list[str]:
    return [row["album_id"] for row in rows]


def cause(error: BaseException) -> BaseException:
    """What dlt's exceptions are about."""
    while error.__cause__ is not None and not isinstance(error, SpotifySourceError):
        error = error.__cause__
    return error


def refused(api: OfflineApi, run: Run, **options: Any) -> BaseException:
    """The error that a run ends with."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - dlt wraps it
        extract(api, run, **options)
    return cause(caught.value)


# -- both ways


def test_browse_gives_the_same_by_next_and_by_offset(serve: Serve, clock: FakeClock, many: list[Album]) -> None:
    api = serve(*many)
    by_next = extract(api, Run(clock=clock), paging="next")
    by_offset = extract(api, Run(clock=clock), paging="offset")
    assert by_next.calls == by_offset.calls == {"browse": 2, "albums": 3}
    assert by_next.rows["new_releases"] == by_offset.rows["new_releases"]
    assert listed(by_next.rows["release_sightings"]) == listed(by_offset.rows["release_sightings"])
    assert by_next.places == by_offset.places == places_of(many)


def test_search_gives_the_albums_of_browse(serve: Serve, clock: FakeClock, many: list[Album]) -> None:
    api = serve(*many)
    browse, search = (extract(api, Run(clock=clock), discovery=path) for path in ("browse", "search"))
    assert search.calls == {"search": 6, "albums": 3}
    assert listed(search.rows["release_sightings"]) == listed(browse.rows["release_sightings"])
    assert search.album_ids == browse.album_ids


def test_search_asks_for_ten_a_page_of_the_market(serve: Serve, run: Run, many: list[Album]) -> None:
    api = serve(*many, quota_mode="development")
    extract(api, run, discovery="search", market="SE")
    queries = [request.query for request in api.requests if request.bucket == "search"]
    assert [query["offset"] for query in queries] == ["0", "10", "20", "30", "40", "50"]
    assert {(q["limit"], q["market"], q.get("q") or q.get("query"), q["type"]) for q in queries} == {
        ("10", "SE", "tag:new", "album")
    }


@pytest.mark.slow
def test_search_ends_at_the_wall(serve: Serve, run: Run) -> None:
    api = serve(*albums_of(1005))
    found = extract(api, run, discovery="search", limit=5000, daily_calls=200)
    assert found.run.result().listing.albums_listed == 1000
    assert found.calls["search"] == 100
    assert found.run.result().listing.cut_by is None


def test_browse_is_read_without_a_market(serve: Serve, run: Run, many: list[Album]) -> None:
    api = serve(*many)
    found = extract(api, run)
    assert all("market" not in request.query for request in api.requests if request.bucket == "browse")
    assert {row["market"] for row in found.rows["new_releases"]} == {"*"}
    assert all(request.query["market"] == "US" for request in api.requests if request.bucket == "albums")


def test_a_limit_asks_for_no_page_more_than_it_needs(serve: Serve, run: Run, many: list[Album]) -> None:
    found = extract(serve(*many, quota_mode="development"), run, limit=10)
    assert found.calls == {"browse": 1, "search": 1, "album": 10}
    assert run.result().is_complete


# -- which way


def test_an_app_that_may_not_browse_searches(serve: Serve, run: Run, three: list[Album]) -> None:
    found = extract(serve(*three, allow={"batch"}), run)
    # The first album is fetched alone: it shows that the app is not in Development Mode.
    assert found.calls == {"browse": 1, "search": 1, "album": 1, "albums": 1, "album_tracks": 1}
    assert (run.result().browse_allowed, run.result().batch_allowed) == (False, True)
    assert found.places == places_of(three)


def test_an_older_app_that_may_browse_and_has_no_batch_fetches_one_by_one(
    serve: Serve, run: Run, three: list[Album]
) -> None:
    found = extract(serve(*three, quota_mode="development", allow={"browse"}), run)
    assert found.calls == {"browse": 1, "albums": 1, "album": 3, "album_tracks": 1}
    # One refusal may pass: a second run has to find the same before it is believed for a week.
    assert (run.result().browse_allowed, run.result().batch_allowed) == (True, None)
    assert found.places == places_of(three)


@pytest.mark.parametrize("refusal", [errors.forbidden, errors.not_found, errors.not_registered])
def test_a_refusal_of_browse_without_a_word_of_premium_means_search(
    serve: Serve, run: Run, three: list[Album], refusal: Reply
) -> None:
    api = serve(*three)
    api.always("browse", refusal)
    assert extract(api, run).places == places_of(three)
    assert run.result().browse_allowed is False


def test_browse_that_is_refused_on_its_second_page_means_search(serve: Serve, run: Run, many: list[Album]) -> None:
    api = serve(*many)
    api.script("browse", None, errors.forbidden)
    found = extract(api, run)
    assert found.places == places_of(many)
    assert run.result().browse_allowed is False


@pytest.mark.slow
def test_an_app_that_loses_browse_and_batch_in_mid_week_goes_the_other_ways(
    warehouse: Warehouse, serve: Serve, three: list[Album]
) -> None:
    api = serve(*three)
    warehouse.load(api)
    api.quota_mode = "development"
    new = make_album("New", 1)
    api.catalogue = Catalogue.of([*three, new])
    second = warehouse.load(api)
    assert second.calls["search"] == 1
    assert (second.run.result().browse_allowed, second.run.result().batch_allowed) == (False, True)
    assert warehouse.places() == places_of([*three, new])
    third = warehouse.load(api)
    assert third.calls == {"search": 1}


@pytest.mark.slow
def test_auto_remembers_for_seven_days_and_then_asks_again(
    warehouse: Warehouse, serve: Serve, three: list[Album]
) -> None:
    api = serve(*three, quota_mode="development")
    assert warehouse.load(api).calls["browse"] == 1
    warehouse.clock.move(7 * DAY - 60)
    assert warehouse.load(api).calls == {"search": 1}
    api.quota_mode = "extended"
    warehouse.clock.move(120)
    assert warehouse.load(api).calls == {"browse": 1}


def test_browse_that_is_asked_for_and_refused_is_an_error_that_says_what_to_do(
    serve: Serve, run: Run, three: list[Album]
) -> None:
    error = refused(serve(*three, quota_mode="development"), run, discovery="browse")
    assert isinstance(error, ForbiddenError)
    assert "search" in error.guidance


def test_a_lapsed_premium_is_an_error_that_says_so(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    for bucket in ("browse", "search"):
        api.always(bucket, errors.premium_lapsed)
    error = refused(api, run)
    assert isinstance(error, PremiumRequiredError)
    assert "Premium" in str(error)
    assert api.calls == {"token": 1, "browse": 1}


def test_an_app_that_may_neither_browse_nor_search_is_refused(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three, quota_mode="development")
    api.always("search", errors.forbidden)
    assert isinstance(refused(api, run), ForbiddenError)
    assert api.calls == {"token": 1, "browse": 1, "search": 1}


def test_wrong_credentials_are_refused_after_one_request(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    error = refused(api, run, client_secret="wrong")
    assert isinstance(error, CredentialsError)
    assert "secrets.toml" in error.guidance
    assert api.calls == {"token": 1}


def test_a_token_endpoint_in_trouble_is_asked_five_times(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    api.always("token", errors.token_upstream_text)
    assert isinstance(refused(api, run), ApiUnavailableError)
    assert api.calls == {"token": 5}


def test_an_api_that_is_not_there_is_unavailable(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    api.always("browse", Reply(reset=True))
    assert isinstance(refused(api, run), ApiUnavailableError)
    assert api.calls["browse"] == 5


# -- odd listings


def test_an_album_that_is_listed_twice_is_one_row_and_two_sightings(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    one, dozen, many = (album["id"] for album in three)
    api.catalogue.listing = [one, dozen, one, many, dozen]
    found = extract(api, run)
    assert [row["id"] for row in found.rows["new_releases"]] == [one, dozen, many]
    seen = [(row["position"], row["album_id"]) for row in found.rows["release_sightings"]]
    assert seen == [(1, one), (2, dozen), (3, one), (4, many), (5, dozen)]
    assert found.places == places_of(three)


def test_null_items_are_dropped_and_counted_and_keep_their_position(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    one, dozen, many = (album["id"] for album in three)
    api.catalogue.listing = [None, one, None, dozen, many]
    found = extract(api, run)
    assert [row["position"] for row in found.rows["release_sightings"]] == [2, 4, 5]
    assert (run.result().listing.items_dropped, run.result().listing.albums_listed, run.result().is_complete) == (
        2,
        3,
        True,
    )


def test_an_item_without_an_id_is_dropped_and_counted(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)

    def spoil(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        items = [{**body["albums"]["items"][0], "id": None}, "text", *body["albums"]["items"][1:]]
        return dataclasses.replace(normal, body={"albums": {**body["albums"], "items": items}})

    api.script("browse", spoil)
    assert extract(api, run).places == places_of(three[1:])
    assert run.result().listing.items_dropped == 2


@pytest.mark.parametrize("step", [Reply(200, {}), Reply(200, {"albums": None}), Reply(200, "")])
def test_an_answer_without_its_envelope_is_asked_for_again(
    serve: Serve, run: Run, three: list[Album], step: Reply
) -> None:
    api = serve(*three)
    api.script("browse", step, step)
    assert extract(api, run).places == places_of(three)
    assert (api.calls["browse"], run.result().calls.retries) == (3, 2)


def test_a_listing_that_fails_half_way_is_used_as_far_as_it_was_read(serve: Serve, run: Run, many: list[Album]) -> None:
    api = serve(*many)
    api.always("browse", errors.bad_gateway, match=lambda request: request.query["offset"] == "50")
    found = extract(api, run)
    assert found.places == places_of(many[:50])
    assert isinstance(run.result().listing.cut_by, ApiUnavailableError)
    assert not run.result().is_complete


def link_to(url: str) -> Any:
    def lead(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        return dataclasses.replace(normal, body={"albums": {**body["albums"], "next": url}})

    return lead


def test_a_next_link_to_another_host_is_never_followed(serve: Serve, run: Run, many: list[Album]) -> None:
    api, stranger = serve(*many), serve(*many)
    api.script("browse", link_to(f"{stranger.api_url}browse/new-releases?offset=50&limit=50"))
    found = extract(api, run)
    assert stranger.requests == []
    assert found.places == places_of(many[:50])
    assert isinstance(run.result().listing.cut_by, ForeignOriginError)


def test_a_next_link_in_a_circle_ends_the_listing_with_an_error(serve: Serve, run: Run, many: list[Album]) -> None:
    api = serve(*many)
    api.always("browse", link_to(f"{api.api_url}browse/new-releases?offset=0&limit=50"))
    found = extract(api, run)
    assert api.calls["browse"] == 1
    assert found.places == places_of(many[:50])
    assert isinstance(run.result().listing.cut_by, PagingError)


def test_a_next_link_that_is_no_address_costs_no_good_page(serve: Serve, run: Run, many: list[Album]) -> None:
    api = serve(*many)
    api.always("browse", link_to("http://[::1/v1/browse"))
    assert extract(api, run).places == places_of(many[:50])
    assert isinstance(run.result().listing.cut_by, PagingError)


@pytest.mark.slow
def test_a_failing_discovery_still_works_the_backlog(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three)
    warehouse.load(api, only=["new_releases"])
    api.always("browse", errors.bad_gateway)
    second = warehouse.load(api)
    assert warehouse.places() == places_of(three)
    assert isinstance(second.run.result().failure, ApiUnavailableError)
    assert not second.run.result().is_complete


# -- markets


def test_several_markets_are_each_searched(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    one, dozen, many = (album["id"] for album in three)
    api.catalogue.listing_by_market = {"US": [one, dozen], "GB": [dozen, many], "SE": []}
    found = extract(api, run, market="US,GB,SE")
    assert found.calls == {"search": 3, "albums": 2, "album_tracks": 1}
    seen = [(row["market"], row["position"], row["album_id"]) for row in found.rows["release_sightings"]]
    assert seen == [("US", 1, one), ("US", 2, dozen), ("GB", 1, dozen), ("GB", 2, many)]
    assert sorted((row["id"], row["market"]) for row in found.rows["albums"]) == sorted(
        [(one, "US"), (dozen, "US"), (many, "GB")]
    )
    asked = {(r.query["ids"], r.query["market"]) for r in api.requests if r.bucket == "albums"}
    assert asked == {(f"{one},{dozen}", "US"), (many, "GB")}
    pages = [request.query["market"] for request in api.requests if request.bucket == "album_tracks"]
    assert pages == ["GB"]
    assert found.places == places_of(three)


@pytest.mark.slow
def test_an_album_listed_in_several_markets_is_one_row_in_the_first(
    warehouse: Warehouse, serve: Serve, three: list[Album]
) -> None:
    api = serve(*three)
    warehouse.load(api, market="GB,US")
    assert warehouse.sql("SELECT DISTINCT market FROM new_releases") == [("GB",)]
    assert warehouse.one("SELECT COUNT(*) FROM release_sightings") == 6
    assert warehouse.album_ids() == sorted(album["id"] for album in three)
    # The order of markets is another one now, and nothing is fetched again.
    assert warehouse.load(api, market="US,GB").calls == {"search": 2}
    assert warehouse.sql("SELECT DISTINCT market FROM albums") == [("GB",)]


def test_a_limit_holds_for_all_markets_together(serve: Serve, run: Run, many: list[Album]) -> None:
    found = extract(serve(*many), run, market="US,GB", limit=7)
    assert len(found.rows["new_releases"]) == 7


def test_a_market_that_does_not_exist_is_refused_with_a_suggestion(serve: Serve, run: Run) -> None:
    with pytest.raises(SpotifySourceError, match="GB"):
        extract(serve(), run, market="UK")
