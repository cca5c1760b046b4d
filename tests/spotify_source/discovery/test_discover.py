"""Discovery: choice of the endpoint, failures, malformed listings, markets."""

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
from tests.support.discovery import Discovery
from tests.support.source import extract
from tests.support.warehouse import Warehouse


@pytest.fixture
def many() -> list[Album]:
    """Return albums for two pages of browse and several of search."""
    return albums_of(55)


def refusal_of(api: OfflineApi, run: Run, **options: Any) -> BaseException:
    """Return the error that ends a run, without the exceptions of dlt around it."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - dlt wraps it
        extract(api, run, **options)
    error: BaseException = caught.value
    while error.__cause__ is not None and not isinstance(error, SpotifySourceError):
        error = error.__cause__
    return error


# -- endpoints of the plain listing


def test_all_endpoints_and_ways_of_paging_list_the_same(serve: Serve, clock: FakeClock, many: list[Album]) -> None:
    api = serve(*many)
    by_next, by_offset, search = (
        extract(api, Run(clock=clock), **options)
        for options in ({"paging": "next"}, {"paging": "offset"}, {"discovery": "search"})
    )
    assert by_next.calls == by_offset.calls == {"browse": 2, "albums": 3}
    assert search.calls == {"search": 6, "albums": 3}
    assert by_next.rows["new_releases"] == by_offset.rows["new_releases"]
    listed = [[row["album_id"] for row in found.rows["release_sightings"]] for found in (by_next, by_offset, search)]
    assert listed == [[album["id"] for album in many]] * 3
    assert by_next.places == by_offset.places == search.places == places_of(many)


def test_search_reads_pages_of_ten_in_the_market(serve: Serve, clock: FakeClock, many: list[Album]) -> None:
    discovery = Discovery(serve(*many, quota_mode="development"), clock)
    discovery.run(discovery="search", market="SE")
    queries = [request.query for request in discovery.api.requests if request.bucket == "search"]
    assert [query["offset"] for query in queries] == ["0", "10", "20", "30", "40", "50"]
    assert {(query["limit"], query["market"], query["q"], query["type"]) for query in queries} == {
        ("10", "SE", "tag:new", "album")
    }


def test_browse_is_read_without_a_market(serve: Serve, run: Run, many: list[Album]) -> None:
    api = serve(*many)
    found = extract(api, run)
    assert all("market" not in request.query for request in api.requests if request.bucket == "browse")
    assert {row["market"] for row in found.rows["new_releases"]} == {"*"}
    assert all(request.query["market"] == "US" for request in api.requests if request.bucket == "albums")


def test_a_limit_reads_no_page_more_than_it_needs(serve: Serve, run: Run, many: list[Album]) -> None:
    found = extract(serve(*many, quota_mode="development"), run, limit=10)
    assert found.calls == {"browse": 1, "search": 1, "album": 10}
    assert run.result().is_complete


# -- choice of the endpoint


def test_an_app_without_browse_searches(serve: Serve, run: Run, three: list[Album]) -> None:
    found = extract(serve(*three, allow={"batch"}), run)
    # The first album is fetched alone: it shows that the app is not in Development Mode.
    assert found.calls == {"browse": 1, "search": 1, "album": 1, "albums": 1, "album_tracks": 1}
    assert (run.result().browse_allowed, run.result().batch_allowed) == (False, True)
    assert found.places == places_of(three)


def test_an_app_with_browse_and_without_batches_fetches_single_albums(
    serve: Serve, run: Run, three: list[Album]
) -> None:
    found = extract(serve(*three, quota_mode="development", allow={"browse"}), run)
    assert found.calls == {"browse": 1, "albums": 1, "album": 3, "album_tracks": 1}
    # One refusal is not remembered: it may pass.
    assert (run.result().browse_allowed, run.result().batch_allowed) == (True, None)
    assert found.places == places_of(three)


@pytest.mark.parametrize("refusal", [errors.forbidden, errors.not_found, errors.not_registered])
@pytest.mark.parametrize("pages_before", [0, 1])
def test_a_refusal_of_browse_leads_to_search(
    serve: Serve, clock: FakeClock, many: list[Album], refusal: Reply, pages_before: int
) -> None:
    discovery = Discovery(serve(*many), clock)
    discovery.api.script("browse", *[None] * pages_before, refusal)
    found = discovery.run()
    assert len(found.listing.albums) == 55
    assert (found.calls["browse"], found.run.result().browse_allowed) == (pages_before + 1, False)


@pytest.mark.slow
def test_a_change_of_quota_mode_is_handled_within_the_week(
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
    assert warehouse.load(api).calls == {"search": 1}


def test_browse_is_probed_again_after_seven_days(serve: Serve, clock: FakeClock, three: list[Album]) -> None:
    discovery = Discovery(serve(*three, quota_mode="development"), clock)
    assert discovery.run().calls == {"browse": 1, "search": 1}
    clock.move(7 * DAY - 60)
    assert discovery.run().calls == {"search": 1}
    discovery.api.quota_mode = "extended"
    clock.move(120)
    assert discovery.run().calls == {"browse": 1}


# -- failures


def test_refused_browse_names_the_option_to_change(serve: Serve, run: Run, three: list[Album]) -> None:
    error = refusal_of(serve(*three, quota_mode="development"), run, discovery="browse")
    assert isinstance(error, ForbiddenError)
    assert "search" in error.guidance


def test_a_lapsed_premium_subscription_ends_the_run(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    for bucket in ("browse", "search"):
        api.always(bucket, errors.premium_lapsed)
    error = refusal_of(api, run)
    assert isinstance(error, PremiumRequiredError)
    assert "Premium" in str(error)
    assert api.calls == {"token": 1, "browse": 1}


def test_an_app_without_browse_and_search_is_refused(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three, quota_mode="development")
    api.always("search", errors.forbidden)
    assert isinstance(refusal_of(api, run), ForbiddenError)
    assert api.calls == {"token": 1, "browse": 1, "search": 1}


def test_wrong_credentials_cost_one_request(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    error = refusal_of(api, run, client_secret="wrong")
    assert isinstance(error, CredentialsError)
    assert "secrets.toml" in error.guidance
    assert api.calls == {"token": 1}


@pytest.mark.parametrize(("bucket", "fault"), [("token", errors.token_upstream_text), ("browse", Reply(reset=True))])
def test_an_unavailable_api_is_called_five_times(
    serve: Serve, run: Run, three: list[Album], bucket: str, fault: Reply
) -> None:
    api = serve(*three)
    api.always(bucket, fault)
    assert isinstance(refusal_of(api, run), ApiUnavailableError)
    assert api.calls[bucket] == 5


@pytest.mark.slow
def test_failed_discovery_leaves_the_backlog_to_fetch(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three)
    warehouse.load(api, only=["new_releases"])
    api.always("browse", errors.bad_gateway)
    result = warehouse.load(api).run.result()
    assert warehouse.places() == places_of(three)
    assert isinstance(result.failure, ApiUnavailableError)
    assert not result.is_complete


# -- malformed listings


def test_each_sighting_of_an_album_is_kept(serve: Serve, clock: FakeClock, three: list[Album]) -> None:
    discovery = Discovery(serve(*three), clock)
    one, dozen, many = (album["id"] for album in three)
    discovery.api.catalogue.listing = [one, dozen, one, many, dozen]
    found = discovery.run()
    assert list(found.listing.albums) == [one, dozen, many]
    assert found.positions == [(1, one), (2, dozen), (3, one), (4, many), (5, dozen)]


def test_items_without_an_album_are_counted_and_keep_their_position(
    serve: Serve, clock: FakeClock, three: list[Album]
) -> None:
    discovery = Discovery(serve(*three), clock)
    one, dozen, many = (album["id"] for album in three)
    discovery.api.catalogue.listing = [None, one, None, dozen, many]

    def spoil(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        null, first, *items = body["albums"]["items"]
        items = [null, {**first, "id": None}, "text", *items]
        return dataclasses.replace(normal, body={"albums": {**body["albums"], "items": items}})

    discovery.api.script("browse", spoil)
    found = discovery.run()
    assert found.positions == [(5, dozen), (6, many)]
    counts = found.run.listing
    assert (counts.items_dropped, counts.albums_listed, counts.is_complete) == (4, 2, True)


@pytest.mark.parametrize("step", [Reply(200, {}), Reply(200, {"albums": None}), Reply(200, "")])
def test_a_reply_without_its_envelope_is_retried(
    serve: Serve, clock: FakeClock, three: list[Album], step: Reply
) -> None:
    discovery = Discovery(serve(*three), clock)
    discovery.api.script("browse", step, step)
    found = discovery.run()
    assert len(found.listing.albums) == 3
    assert (found.calls["browse"], found.run.result().calls.retries) == (3, 2)


def link_to(url: str) -> Any:
    def lead(_: LoggedRequest, normal: Reply) -> Reply:
        body: Any = normal.body
        return dataclasses.replace(normal, body={"albums": {**body["albums"], "next": url}})

    return lead


@pytest.mark.parametrize(
    ("link", "error"),
    [
        ("{api}browse/new-releases?offset=0&limit=50", PagingError),
        ("http://[::1/v1/browse", PagingError),
        ("http://elsewhere.example/v1/browse/new-releases?offset=50", ForeignOriginError),
    ],
)
def test_a_bad_next_link_ends_the_listing_after_its_page(
    serve: Serve, clock: FakeClock, many: list[Album], link: str, error: type[Exception]
) -> None:
    discovery = Discovery(serve(*many), clock)
    discovery.api.always("browse", link_to(link.format(api=discovery.api.api_url)))
    found = discovery.run()
    assert found.calls["browse"] == 1
    assert found.positions == [(index, album["id"]) for index, album in enumerate(many[:50], start=1)]
    assert isinstance(found.run.listing.cut_by, error)


def test_albums_listed_before_a_failure_are_loaded(serve: Serve, run: Run, many: list[Album]) -> None:
    api = serve(*many)
    api.always("browse", errors.bad_gateway, match=lambda request: request.query["offset"] == "50")
    assert extract(api, run).places == places_of(many[:50])
    assert isinstance(run.result().listing.cut_by, ApiUnavailableError)
    assert not run.result().is_complete


# -- markets


def test_each_market_is_searched(serve: Serve, run: Run, three: list[Album]) -> None:
    api = serve(*three)
    one, dozen, many = (album["id"] for album in three)
    api.catalogue.listing_by_market = {"US": [one, dozen], "GB": [dozen, many], "SE": []}
    found = extract(api, run, market="US,GB,SE")
    assert found.calls == {"search": 3, "albums": 2, "album_tracks": 1}
    seen = [(row["market"], row["position"], row["album_id"]) for row in found.rows["release_sightings"]]
    assert seen == [("US", 1, one), ("US", 2, dozen), ("GB", 1, dozen), ("GB", 2, many)]
    assert {row["id"]: row["market"] for row in found.rows["albums"]} == {one: "US", dozen: "US", many: "GB"}
    requested = {(r.query["ids"], r.query["market"]) for r in api.requests if r.bucket == "albums"}
    assert requested == {(f"{one},{dozen}", "US"), (many, "GB")}
    assert [request.query["market"] for request in api.requests if request.bucket == "album_tracks"] == ["GB"]
    assert found.places == places_of(three)


@pytest.mark.slow
def test_an_album_keeps_its_first_market(warehouse: Warehouse, serve: Serve, three: list[Album]) -> None:
    api = serve(*three)
    warehouse.load(api, market="GB,US")
    assert warehouse.sql("SELECT DISTINCT market FROM new_releases") == [("GB",)]
    assert warehouse.one("SELECT COUNT(*) FROM release_sightings") == 6
    assert warehouse.album_ids() == sorted(album["id"] for album in three)
    assert warehouse.load(api, market="US,GB").calls == {"search": 2}
    assert warehouse.sql("SELECT DISTINCT market FROM albums") == [("GB",)]


def test_a_limit_holds_for_all_markets_together(serve: Serve, clock: FakeClock, many: list[Album]) -> None:
    assert len(Discovery(serve(*many), clock).run(market="US,GB", limit=7).listing.albums) == 7
