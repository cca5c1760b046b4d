"""Endpoints in each quota mode: fields, pages, markets and errors."""

from __future__ import annotations

import pytest
from spotify_pipeline.offline_api import Catalogue, OfflineApi, make_album, make_artist

from tests.support.caller import Caller

LISTED = (
    "album_type artists available_markets external_urls href id images name release_date release_date_precision "
    "total_tracks type uri"
)
FULL = (
    "album_type total_tracks available_markets external_urls href id images name release_date release_date_precision "
    "type uri artists tracks copyrights external_ids genres label popularity"
)
TRACK = (
    "artists available_markets disc_number duration_ms explicit external_urls href id name preview_url track_number "
    "type uri is_local"
)
PAGE = {"href", "items", "limit", "next", "offset", "previous", "total"}
NOT_IN_DEVELOPMENT = ("available_markets", "label", "popularity", "preview_url")
NEW = "search?q=tag:new&type=album"


def without(keys: str, *dropped: str) -> list[str]:
    return [key for key in keys.split() if key not in dropped]


def ids(catalogue: Catalogue) -> list[str]:
    return [album["id"] for album in catalogue.listed_albums()]


def names(items: list[dict[str, str]]) -> list[str]:
    return [item["name"] for item in items]


def test_browse_lists_simplified_albums_without_a_market(caller: Caller, small: Catalogue) -> None:
    page = caller.get("browse/new-releases", market="US").json["albums"]
    assert set(page) == PAGE
    assert (page["limit"], page["offset"], page["total"], page["previous"]) == (20, 0, 3, None)
    assert [album["id"] for album in page["items"]] == ids(small)
    first = page["items"][0]
    assert list(first) == LISTED.split()
    assert list(first["artists"][0]) == ["external_urls", "href", "id", "name", "type", "uri"]
    assert [image["width"] for image in first["images"]] == [300, 64, 640]
    assert list(first["images"][0]) == ["height", "url", "width"]


def test_only_browse_has_the_type_ep(caller: Caller, small: Catalogue) -> None:
    ep = ids(small)[1]
    small.albums[ep]["album_type"] = "ep"
    assert caller.get("browse/new-releases").json["albums"]["items"][1]["album_type"] == "ep"
    assert caller.get(f"albums/{ep}").json["album_type"] == "single"
    assert caller.get(NEW).json["albums"]["items"][1]["album_type"] == "single"


def test_an_album_embeds_its_first_fifty_tracks(caller: Caller, small: Catalogue) -> None:
    album = caller.get(f"albums/{ids(small)[2]}").json
    assert list(album) == FULL.split()
    assert list(album["images"][0]) == ["url", "height", "width"]
    assert set(album["tracks"]) == PAGE
    assert len(album["tracks"]["items"]) == 50
    assert album["tracks"]["total"] == album["total_tracks"] == 60
    assert list(album["tracks"]["items"][0]) == TRACK.split()
    last = caller.get(album["tracks"]["next"]).json
    assert (len(last["items"]), last["next"], last["offset"]) == (10, None, 50)
    assert last["items"][-1]["disc_number"] == 2
    assert caller.get(last["previous"]).json["items"] == album["tracks"]["items"]


def test_an_album_may_claim_more_tracks_than_it_has(caller: Caller, small: Catalogue) -> None:
    short = small.albums[ids(small)[1]]
    short["total_tracks"] = 16
    pages = [caller.get(f"albums/{short['id']}").json["tracks"], caller.get(f"albums/{short['id']}/tracks").json]
    assert [(page["total"], len(page["items"]), page["next"]) for page in pages] == [(16, 12, None)] * 2


def test_a_trailing_slash_makes_no_difference(caller: Caller, small: Catalogue) -> None:
    one = ids(small)[0]
    for path in (f"albums/{one}", f"albums/{one}/tracks"):
        assert caller.get(f"{path}/").json == caller.get(path).json
    assert caller.api.calls == {"token": 1, "album": 2, "album_tracks": 2}


def test_development_mode_lacks_fields(dev_caller: Caller, small: Catalogue) -> None:
    album = dev_caller.get(f"albums/{ids(small)[1]}").json
    assert list(album) == without(FULL, *NOT_IN_DEVELOPMENT)
    assert list(album["tracks"]["items"][0]) == without(TRACK, *NOT_IN_DEVELOPMENT)
    assert album["external_ids"]["upc"]
    found = dev_caller.get(NEW).json["albums"]["items"]
    assert set(found[0]) == set(without(LISTED, *NOT_IN_DEVELOPMENT))


@pytest.mark.parametrize(
    "path", ["browse/new-releases", f"albums?ids={'a' * 22}", f"artists?ids={'a' * 22}", "markets"]
)
def test_development_mode_lacks_endpoints(dev_caller: Caller, path: str) -> None:
    answer = dev_caller.get(path)
    assert (answer.status, answer.json) == (403, {"error": {"status": 403, "message": "Forbidden"}})


def test_an_older_app_may_call_some_of_them(small: Catalogue) -> None:
    with OfflineApi(small, "development", allow={"browse"}) as api:
        caller = Caller(api).log_in()
        assert caller.get("browse/new-releases").status == 200
        assert caller.get("albums", ids=ids(small)[0]).status == 403
        assert api.allow
        api.allow.add("batch")
        assert caller.get("albums", ids=ids(small)[0]).status == 200


def test_catalogue_and_quota_mode_can_be_replaced(extended: OfflineApi, caller: Caller) -> None:
    extended.catalogue = Catalogue.of([])
    assert caller.get("browse/new-releases").json["albums"]["items"] == []
    extended.quota_mode = "development"
    assert caller.get("browse/new-releases").status == 403


def test_a_market_decides_what_is_playable(caller: Caller, small: Catalogue) -> None:
    one, dozen, _ = ids(small)
    small.albums[dozen]["tracks"][3]["available_markets"] = ["CA"]
    small.albums[one]["available_markets"] = []
    album = caller.get(f"albums/{dozen}", market="us").json
    assert "available_markets" not in album
    assert album["is_playable"] is True
    unplayable = album["tracks"]["items"].pop(3)
    assert (unplayable["is_playable"], unplayable["restrictions"]) == (False, {"reason": "market"})
    assert all(track["is_playable"] and "restrictions" not in track for track in album["tracks"]["items"])
    assert caller.get(f"albums/{one}", market="US").json["is_playable"] is False


@pytest.mark.parametrize("market", ["PR", "BY"])
def test_albums_are_playable_in_every_market(world: Catalogue, market: str) -> None:
    with OfflineApi(world) as api:
        caller = Caller(api).log_in()
        albums = [caller.get(f"albums/{album_id}", market=market).json for album_id in ids(world)[:20]]
    assert sum(album["is_playable"] for album in albums) >= 15


def test_a_relinked_track_names_its_original_with_a_market(world: Catalogue) -> None:
    album_id, place = next(
        (album["id"], place)
        for album in world.listed_albums()
        for place, track in enumerate(album["tracks"][:50])
        if "linked_from" in track
    )
    with OfflineApi(world) as api:
        caller = Caller(api).log_in()
        relinked = caller.get(f"albums/{album_id}", market="US").json["tracks"]["items"][place]
        plain = caller.get(f"albums/{album_id}").json["tracks"]["items"][place]
        api.quota_mode = "development"
        silent = caller.get(f"albums/{album_id}", market="US").json["tracks"]["items"][place]
    assert relinked["linked_from"]["id"] == plain["id"] != relinked["id"] == silent["id"]
    assert relinked["external_urls"] == plain["external_urls"]
    assert not {"linked_from"} & (plain.keys() | silent.keys())


@pytest.mark.parametrize(("quota_mode", "highest", "default"), [("development", 10, 5), ("extended", 50, 20)])
def test_search_has_its_own_page_sizes(world: Catalogue, quota_mode: str, highest: int, default: int) -> None:
    with OfflineApi(world, quota_mode) as api:  # type: ignore[arg-type]
        caller = Caller(api).log_in()
        assert len(caller.get(NEW).json["albums"]["items"]) == default
        assert len(caller.get(f"{NEW}&limit={highest}").json["albums"]["items"]) == highest
        for limit in (highest + 1, 0, -1, "ten"):
            assert caller.get(f"{NEW}&limit={limit}").json["error"]["message"] == "Invalid limit"


def test_search_reports_100_and_ends_at_1000() -> None:
    album = make_album("Same")
    catalogue = Catalogue.of([album])
    catalogue.listing = [album["id"]] * 1200
    with OfflineApi(catalogue) as api:
        caller = Caller(api).log_in()
        page = caller.get("search?q=tag%3Anew&type=album&limit=50").json["albums"]
        pages = 1
        while page["next"]:
            assert page["total"] == 100
            assert "query=tag%3Anew" in page["next"]
            page = caller.get(page["next"]).json["albums"]
            pages += 1
        assert (pages, len(page["items"])) == (20, 50)
        answer = caller.get(f"{NEW}&limit=50&offset=951")
    assert (answer.status, answer.json["error"]["message"]) == (400, "Limit + Offset exceeds maximum of 1000")


def test_the_listing_differs_by_market() -> None:
    both, there = make_album("Both"), make_album("There", available_markets=["GB"])
    catalogue = Catalogue.of([both, there])
    with OfflineApi(catalogue) as api:
        caller = Caller(api).log_in()

        def found(market: str) -> list[str]:
            return names(caller.get(f"{NEW}&market={market}").json["albums"]["items"])

        assert found("US") == ["Both"]
        assert found("GB") == found("XX") == ["Both", "There"]
        catalogue.listing_by_market["US"] = [there["id"]]
        assert found("US") == ["There"]
        assert "market=US" in caller.get(f"{NEW}&market=US&offset=1").json["albums"]["previous"]


def test_one_search_answers_several_types() -> None:
    catalogue = Catalogue.of([make_album(f"Rook {number}", 1, artist="Zoë Rook") for number in range(3)])
    with OfflineApi(catalogue, "development") as api:
        caller = Caller(api).log_in()
        pages = caller.get("search", q="rook", type="album,artist,track,playlist", limit=2).json
        assert list(pages) == ["albums", "artists", "tracks", "playlists"]
        assert [len(page["items"]) for page in pages.values()] == [2, 1, 0, 0]
        assert [page["total"] for page in pages.values()] == [3, 1, 0, 0]
        assert "type=album" in pages["albums"]["next"]
        following = caller.get(pages["albums"]["next"]).json
        assert list(following) == ["albums"]
        assert len(following["albums"]["items"]) == 1


def test_links_name_the_host_of_the_request(caller: Caller) -> None:
    url = caller.api.api_url + "browse/new-releases?limit=1"
    answer = caller.send("GET", url, {"Authorization": f"Bearer {caller.token}", "Host": "localhost:1"})
    assert answer.json["albums"]["next"].startswith("http://localhost:1/v1/browse/new-releases?")


def test_null_items_and_repeated_albums_are_served_as_listed(caller: Caller, small: Catalogue) -> None:
    small.listing.insert(1, None)
    small.listing.append(small.listing[0])
    for path in ("browse/new-releases", f"{NEW}&market=US", NEW):
        items = caller.get(path).json["albums"]["items"]
        assert (items[1], items[0], len(items)) == (None, items[-1], 5)


def test_an_album_that_is_gone_is_listed_and_answers_404(caller: Caller, small: Catalogue) -> None:
    gone, here, _ = ids(small)
    small.gone.add(gone)
    assert caller.get("browse/new-releases").json["albums"]["items"][0]["id"] == gone
    for path in (f"albums/{gone}", f"albums/{gone}/tracks"):
        answer = caller.get(path)
        assert (answer.status, answer.json["error"]["message"]) == (404, "Resource not found")
    batch = caller.get("albums", ids=f"{gone},{here},{'z' * 22},{here}").json["albums"]
    assert [album and album["id"] for album in batch] == [None, here, None, here]


ME, GUEST, UNKNOWN = make_artist("Me"), make_artist("Guest"), make_artist("Unknown")


@pytest.fixture
def discography() -> Catalogue:
    album = make_album("Album", 12, artists=[ME], release_date="2026-11-20")
    album["tracks"][3]["artists"] = [ME, GUEST]
    return Catalogue.of(
        [
            album,
            make_album("Old Album", 12, artists=[ME], release_date="2001-01-01"),
            make_album("Single", 1, artists=[GUEST, ME], release_date="2026-11-19"),
            make_album("Short", 4, artists=[ME], release_date="2025-05-05", album_type="ep"),
            make_album("Best", 24, artists=[ME], album_type="compilation", available_markets=["JP"]),
        ]
    )


def test_artists_are_read_by_id(discography: Catalogue) -> None:
    with OfflineApi(discography) as api:
        caller = Caller(api).log_in()
        artist = caller.get(f"artists/{ME['id']}").json
        assert set(artist) == {*ME, "followers", "genres", "images", "popularity"}
        assert (artist["name"], artist["followers"]["href"], artist["genres"]) == ("Me", None, [])
        several = caller.get("artists", ids=",".join(one["id"] for one in (GUEST, UNKNOWN, ME))).json["artists"]
        assert [one and one["name"] for one in several] == ["Guest", None, "Me"]
        assert caller.get("artists", ids=",".join([ME["id"]] * 51)).status == 400
        assert caller.get(f"artists/{UNKNOWN['id']}").status == 404
        api.quota_mode = "development"
        assert set(caller.get(f"artists/{ME['id']}").json) == {*ME, "images"}


def test_discographies_come_group_by_group(discography: Catalogue) -> None:
    with OfflineApi(discography) as api:
        caller = Caller(api).log_in()

        def listed(**query: object) -> list[str]:
            return names(caller.get(f"artists/{ME['id']}/albums", **query).json["items"])

        assert listed() == ["Album", "Old Album", "Single", "Short", "Best"]
        assert listed(include_groups="single,album") == ["Album", "Old Album", "Single", "Short"]
        assert listed(include_groups="appears_on") == []
        assert listed(market="US") == ["Album", "Old Album", "Single", "Short"]
        guest = caller.get(f"artists/{GUEST['id']}/albums").json["items"]
        assert [(item["name"], item["album_group"]) for item in guest] == [
            ("Single", "single"),
            ("Album", "appears_on"),
        ]
        assert caller.get(f"artists/{ME['id']}/albums", include_groups="best").status == 400
        assert caller.get(f"artists/{UNKNOWN['id']}/albums").status == 404
        discography.gone.add(next(iter(discography.albums)))
        assert listed() == ["Old Album", "Single", "Short", "Best"]


def test_development_mode_pages_discographies_by_ten(discography: Catalogue) -> None:
    with OfflineApi(discography, "development") as api:
        caller = Caller(api).log_in()
        path = f"artists/{ME['id']}/albums"
        assert caller.get(path, limit=11).json["error"]["message"] == "Invalid limit"
        page = caller.get(path, limit=2, include_groups="album,single").json
        assert "album_group" not in page["items"][0]
        assert "include_groups=album%2Csingle" in page["next"]
        assert caller.get(page["next"]).json["next"] is None
        assert len(caller.get(path).json["items"]) == 5


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("albums/short", "Invalid base62 id"),
        ("albums/short/tracks", "Invalid base62 id"),
        ("artists/short", "Invalid base62 id"),
        ("albums?ids=short", "Invalid base62 id"),
        ("albums", "invalid id"),
        ("albums/?ids=", "invalid id"),
        ("albums?ids=" + ",".join(["a" * 22] * 21), "Too many ids requested"),
        ("browse/new-releases?limit=51", "Invalid limit"),
        ("browse/new-releases?limit=0", "Invalid limit"),
        ("browse/new-releases?offset=-1", "Invalid offset"),
        (f"browse/new-releases?offset={'9' * 5000}", "Invalid offset"),
        ("search?type=album", "No search query"),
        ("search?q=tag:new", "Missing parameter type"),
        ("search?q=tag:new&type=spoon", "Bad search type field"),
        ("search?q=tag:new&type=album&market=USA", "Invalid market code"),
    ],
)
def test_bad_requests_get_400(caller: Caller, path: str, message: str) -> None:
    answer = caller.get(path)
    assert (answer.status, answer.json) == (400, {"error": {"status": 400, "message": message}})


def test_unknown_paths_get_404_and_wrong_methods_405(caller: Caller) -> None:
    assert caller.get("me").status == 404
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = caller.send(method, caller.api.api_url + "markets", {"Authorization": f"Bearer {caller.token}"}, "")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert caller.api.calls == {"token": 1, "other": 1, "markets": 4}
