"""What each endpoint answers in each quota mode."""

from __future__ import annotations

import pytest
from spotify_pipeline.offline_api import Catalogue, OfflineApi, make_album
from spotify_pipeline.offline_api.endpoints import bucket_of

from tests.support.caller import Caller

ARTIST = ["external_urls", "href", "id", "name", "type", "uri"]
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


def without(keys: str, *dropped: str) -> list[str]:
    return [key for key in keys.split() if key not in dropped]


def ids(catalogue: Catalogue) -> list[str]:
    return [album["id"] for album in catalogue.listed_albums()]


def test_browse_shows_simplified_albums(caller: Caller, small: Catalogue) -> None:
    page = caller.get("browse/new-releases").json["albums"]
    assert set(page) == PAGE
    assert (page["limit"], page["offset"], page["total"], page["previous"]) == (20, 0, 3, None)
    assert [album["id"] for album in page["items"]] == ids(small)
    assert list(page["items"][0]) == LISTED.split()
    assert list(page["items"][0]["artists"][0]) == ARTIST
    assert [image["width"] for image in page["items"][0]["images"]] == [300, 64, 640]
    assert list(page["items"][0]["images"][0]) == ["height", "url", "width"]


def test_browse_honours_no_market(caller: Caller) -> None:
    page = caller.get("browse/new-releases", market="US", limit=1).json["albums"]
    assert "available_markets" in page["items"][0]
    assert "is_playable" not in page["items"][0]
    assert "market" not in page["next"]


def test_an_ep_is_called_so_in_browse_alone(caller: Caller, small: Catalogue) -> None:
    small.albums[ids(small)[1]]["album_type"] = "ep"
    assert caller.get("browse/new-releases").json["albums"]["items"][1]["album_type"] == "ep"
    assert caller.get(f"albums/{ids(small)[1]}").json["album_type"] == "single"
    assert caller.get("search?q=tag:new&type=album").json["albums"]["items"][1]["album_type"] == "single"


def test_a_full_album_embeds_its_first_fifty_tracks(caller: Caller, small: Catalogue) -> None:
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


def test_a_trailing_slash_changes_nothing(caller: Caller, small: Catalogue) -> None:
    one = ids(small)[0]
    assert caller.get(f"albums/{one}/").json == caller.get(f"albums/{one}").json
    assert caller.get(f"albums/{one}/tracks/").json == caller.get(f"albums/{one}/tracks").json
    assert [request.bucket for request in caller.api.requests[1:]] == ["album", "album", "album_tracks", "album_tracks"]


def test_development_mode_lacks_fields(dev_caller: Caller, small: Catalogue) -> None:
    dropped = ("available_markets", "label", "popularity", "preview_url")
    album = dev_caller.get(f"albums/{ids(small)[1]}").json
    assert list(album) == without(FULL, *dropped)
    assert list(album["tracks"]["items"][0]) == without(TRACK, *dropped)
    assert album["external_ids"]["upc"]
    found = dev_caller.get("search?q=tag:new&type=album").json["albums"]["items"]
    assert set(found[0]) == set(without(LISTED, *dropped))


@pytest.mark.parametrize("path", ["browse/new-releases", "albums?ids=" + "a" * 22, "markets"])
def test_development_mode_lacks_endpoints(dev_caller: Caller, path: str) -> None:
    answer = dev_caller.get(path)
    assert (answer.status, answer.json) == (403, {"error": {"status": 403, "message": "Forbidden"}})


def test_an_older_app_keeps_what_it_was_allowed(small: Catalogue) -> None:
    with OfflineApi(small, "development", allow={"browse"}) as api:
        caller = Caller(api).log_in()
        assert caller.get("browse/new-releases").status == 200
        assert caller.get("albums", ids=ids(small)[0]).status == 403
        api.allow.add("batch")
        assert caller.get("albums", ids=ids(small)[0]).status == 200
        api.quota_mode = "extended"
        assert caller.get("markets").status == 200


def test_a_market_turns_lists_of_markets_into_an_answer(caller: Caller, small: Catalogue) -> None:
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


def test_a_relinked_track_names_its_original_where_a_market_is_sent(world: Catalogue) -> None:
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
    assert "linked_from" not in plain
    assert "linked_from" not in silent


@pytest.mark.parametrize(
    ("quota_mode", "highest", "default"),
    [("development", 10, 5), ("extended", 50, 20)],
    ids=["development", "extended"],
)
def test_search_has_its_own_page_sizes(world: Catalogue, quota_mode: str, highest: int, default: int) -> None:
    with OfflineApi(world, "development" if quota_mode == "development" else "extended") as api:
        caller = Caller(api).log_in()
        assert len(caller.get("search?q=tag:new&type=album").json["albums"]["items"]) == default
        assert len(caller.get(f"search?q=tag:new&type=album&limit={highest}").json["albums"]["items"]) == highest
        for limit in (highest + 1, 0, -1, "ten"):
            answer = caller.get(f"search?q=tag:new&type=album&limit={limit}")
            assert (answer.status, answer.json["error"]["message"]) == (400, "Invalid limit")


def test_search_says_100_whatever_it_serves_and_ends_at_1000() -> None:
    many = make_album("Same")
    catalogue = Catalogue.of([many])
    catalogue.listing = [many["id"]] * 1200
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
        answer = caller.get("search?q=tag:new&type=album&limit=50&offset=951")
    assert answer.status == 400
    assert answer.json["error"]["message"] == "Limit + Offset exceeds maximum of 1000"


def test_search_differs_by_market() -> None:
    both, there = make_album("Both"), make_album("There", available_markets=["GB"])
    catalogue = Catalogue.of([both, there])
    with OfflineApi(catalogue) as api:
        caller = Caller(api).log_in()

        def found(market: str) -> list[str]:
            answer = caller.get(f"search?q=tag:new&type=album&market={market}").json["albums"]["items"]
            return [album["name"] for album in answer]

        assert found("US") == ["Both"]
        assert found("GB") == found("XX") == ["Both", "There"]
        catalogue.listing_by_market["US"] = [there["id"]]
        assert found("US") == ["There"]
        assert "market=US" in caller.get("search?q=tag:new&type=album&market=US&offset=1").json["albums"]["previous"]


def test_search_finds_names(caller: Caller) -> None:
    page = caller.get("search?q=DOZ&type=album").json["albums"]
    assert [album["name"] for album in page["items"]] == ["Dozen"]
    assert page["total"] == 1


def test_links_are_on_the_host_that_was_called(caller: Caller) -> None:
    url = caller.api.api_url.replace("127.0.0.1", "localhost") + "browse/new-releases?limit=1"
    answer = caller.send(
        "GET",
        caller.api.api_url + "browse/new-releases?limit=1",
        {"Authorization": f"Bearer {caller.token}", "Host": url.split("/")[2]},
    )
    assert answer.json["albums"]["next"].startswith(url.split("browse")[0])


def test_null_items_and_repeats_are_served_as_listed(caller: Caller, small: Catalogue) -> None:
    small.listing.insert(1, None)
    small.listing.append(small.listing[0])
    for path in ("browse/new-releases", "search?q=tag:new&type=album&market=US", "search?q=tag:new&type=album"):
        items = caller.get(path).json["albums"]["items"]
        assert items[1] is None
        assert items[0] == items[-1]
        assert len(items) == 5


def test_a_gone_album_is_listed_and_answers_404(caller: Caller, small: Catalogue) -> None:
    gone, here, _ = ids(small)
    small.gone.add(gone)
    assert caller.get("browse/new-releases").json["albums"]["items"][0]["id"] == gone
    answer = caller.get(f"albums/{gone}")
    assert (answer.status, answer.json["error"]["message"]) == (404, "Resource not found")
    assert caller.get(f"albums/{gone}/tracks").status == 404
    batch = caller.get("albums", ids=f"{gone},{here},{'z' * 22},{here}").json["albums"]
    assert [album and album["id"] for album in batch] == [None, here, None, here]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("albums/short", "Invalid base62 id"),
        ("albums/short/tracks", "Invalid base62 id"),
        ("albums?ids=short", "Invalid base62 id"),
        ("albums", "invalid id"),
        ("albums/?ids=", "invalid id"),
        ("albums?ids=" + ",".join(["a" * 22] * 21), "Too many ids requested"),
        ("browse/new-releases?limit=51", "Invalid limit"),
        ("browse/new-releases?limit=0", "Invalid limit"),
        ("browse/new-releases?offset=-1", "Invalid offset"),
        ("search?type=album", "No search query"),
        ("search?q=tag:new", "Missing parameter type"),
        ("search?q=tag:new&type=album&market=USA", "Invalid market code"),
    ],
)
def test_bad_requests_are_told_so(caller: Caller, path: str, message: str) -> None:
    answer = caller.get(path)
    assert (answer.status, answer.json) == (400, {"error": {"status": 400, "message": message}})


def test_what_is_not_there_is_404_and_what_is_not_allowed_405(caller: Caller) -> None:
    assert caller.get("me").status == 404
    answer = caller.send("POST", caller.api.api_url + "markets", {"Authorization": f"Bearer {caller.token}"}, "")
    assert answer.status == 405


def test_an_album_may_claim_more_tracks_than_it_has(caller: Caller, small: Catalogue) -> None:
    short = small.albums[ids(small)[1]]
    short["total_tracks"] = 16
    page = caller.get(f"albums/{short['id']}").json["tracks"]
    assert (page["total"], len(page["items"]), page["next"]) == (16, 12, None)
    page = caller.get(f"albums/{short['id']}/tracks", limit=12).json
    assert (page["total"], len(page["items"]), page["next"]) == (16, 12, None)


def test_headers_are_the_real_ones(caller: Caller, small: Catalogue) -> None:
    album = caller.get(f"albums/{ids(small)[0]}").headers
    assert album["content-type"] == "application/json; charset=utf-8"
    assert album["cache-control"] == "public, max-age=0"
    assert album["etag"].startswith('"MC-')
    search = caller.get("search?q=tag:new&type=album").headers
    assert search["cache-control"] == "public, max-age=7200"
    assert "etag" not in search


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/api/token", "token"),
        ("/v1/browse/new-releases", "browse"),
        ("/v1/search", "search"),
        ("/v1/albums/", "albums"),
        ("/v1/albums/abc", "album"),
        ("/v1/albums/abc/tracks", "album_tracks"),
        ("/v1/artists", "artists"),
        ("/v1/artists/abc", "artist"),
        ("/v1/artists/abc/albums", "artist_albums"),
        ("/v1/artists/abc/top-tracks", "other"),
        ("/v1/markets", "markets"),
        ("/v1/me", "other"),
    ],
)
def test_every_path_has_a_bucket(path: str, bucket: str) -> None:
    assert bucket_of(path) == bucket
