"""What the page may load, run and lead to, whatever the names in it are."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.page import REAL_COVERS, Page, Shown, altered, page_of

EVIL = "<script>alert(1)</script>"
QUOTES = """"'><img src=x onerror=alert(2)>&amp;{{ 7 * 7 }}"""


@pytest.fixture
def with_covers(development: Shown, tmp_path: Path) -> Page:
    """The page of albums whose covers are where Spotify's are."""
    return page_of(altered(development.place.database, tmp_path, REAL_COVERS), development.now)


@pytest.fixture
def hostile(extended: Shown, tmp_path: Path) -> Page:
    """A page in which every name, address and reason tries to be more than that."""
    evil, quotes = EVIL.replace("'", "''"), QUOTES.replace("'", "''")
    bad = "javascript:alert(3)"
    statements = [
        *(
            f"UPDATE {table} SET name = '{evil}', album_type = '{quotes}', external_urls__spotify = '{bad}'"
            for table in ("new_releases", "albums")
        ),
        f"UPDATE album_tracks SET name = '{quotes}', external_urls__spotify = '{bad}'",
        f"UPDATE albums SET label = '{evil}'",
        *(
            f"UPDATE {table}__artists SET name = '{quotes}', external_urls__spotify = '{bad}'"
            for table in ("new_releases", "albums")
        ),
        f"UPDATE album_tracks__artists SET name = '</script>{evil}', external_urls__spotify = '{bad}'",
        f"UPDATE new_releases__images SET url = '{bad}'",
        f"UPDATE albums__images SET url = '{bad}'",
        f"UPDATE release_sightings SET market = '{evil}'",
        f"UPDATE load_runs SET reason = '{evil}', exit_code = 75, calls = '{{\"{EVIL}\": 3}}'",
    ]
    return page_of(altered(extended.place.database, tmp_path, *statements), extended.now)


def test_a_name_that_is_html_is_shown_as_it_is(hostile: Page) -> None:
    titles = {card.one("h3").text for card in hostile.section("new").all("li", class_="card")}
    assert titles == {EVIL}
    assert EVIL in hostile.section("loads").text
    assert QUOTES in hostile.section("lengths").text


def test_no_value_makes_an_element(hostile: Page, extended: Shown) -> None:
    assert {each.tag for each in hostile.elements()} == {each.tag for each in extended.page.elements()} - {
        "svg",
        "circle",
    }
    assert len(hostile.root.all("script", type="module")) == 3
    assert not [name for each in hostile.elements() for name in each.attributes if name.startswith("on")]


def test_only_the_scripts_of_the_page_may_run(hostile: Page) -> None:
    (policy,) = [
        meta.attributes["content"] or ""
        for meta in hostile.root.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    scripts = ["".join(map(str, script.inside)) for script in hostile.root.all("script", type="module")]
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    assert f"script-src {allowed};" in policy
    assert "default-src 'none'" in policy
    assert "unsafe-eval" not in policy


def test_an_address_that_is_not_https_gives_way_to_one_made_of_the_id(hostile: Page) -> None:
    addresses = {link.attributes["href"] or "" for link in hostile.root.all("a")}
    assert all(address.startswith(("#", "https://")) for address in addresses)
    (first, *_) = hostile.section("new").all("li", class_="card")
    assert re.fullmatch(r"https://open\.spotify\.com/album/\w{22}", first.one("h3").one("a").attributes["href"] or "")


def test_the_page_of_the_demo_loads_nothing(loaded: Shown) -> None:
    assert not loaded.page.root.all("img")
    assert "covers.invalid" not in loaded.page.html


def test_nothing_is_loaded_but_covers(with_covers: Page) -> None:
    images = [image.attributes for image in with_covers.root.all("img")]
    assert images
    assert {urlsplit(image["src"] or "").netloc for image in images} == {"i.scdn.co"}
    for each in with_covers.elements():
        loads = {"src", "srcset", "data", "poster", "background"} & set(each.attributes)
        assert each.tag == "img" or not loads, each
        assert each.tag not in {"link", "iframe", "object", "embed", "base", "form"}
    assert "url(" not in with_covers.root.one("style").text
    assert "@import" not in with_covers.root.one("style").text


def test_covers_are_unaltered(with_covers: Page) -> None:
    style = with_covers.root.one("style").text
    assert "object-fit: contain" in style
    assert "filter" not in style
    for image in with_covers.root.all("img"):
        assert not image.inside
        assert (image.attributes["alt"] or "").startswith("Cover of ")


def test_every_item_leads_to_its_page_on_spotify(loaded: Shown) -> None:
    assert "data and art from Spotify" in loaded.page.root.one("footer").text
    for card in loaded.page.section("new").all("li", class_="card"):
        address = card.one("h3").one("a").attributes["href"] or ""
        assert address.startswith("https://open.spotify.com/album/")
        assert (card.all("a")[-1].text, card.all("a")[-1].attributes["href"]) == (
            f"Listen on Spotify to {card.one('h3').text}",
            address,
        )
        for track in card.one("ol").all("li"):
            assert (track.all("a")[0].attributes["href"] or "").startswith("https://open.spotify.com/track/")
    for name in ("calendar", "movers", "lengths", "pairs"):
        for ranking in loaded.page.section(name).all("ul", class_="ranking"):
            for item in ranking.all("li"):
                assert item.all("a")
                assert all(url.startswith("https://open.spotify.com/") for url in item.links().values())


def test_the_page_can_be_read_without_seeing_it(loaded: Shown) -> None:
    root = loaded.page.root
    assert root.one("html").attributes["lang"] == "en"
    levels = [int(each.tag[1]) for each in loaded.page.elements() if re.fullmatch(r"h[1-6]", each.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = [each.attributes["id"] for each in loaded.page.elements() if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for figure in root.all("figure"):
        plot = figure.one("div", class_="plot").attributes
        # The script that draws it makes it a stop of the keyboard: without it there is nothing to stop at.
        assert "tabindex" not in plot
        assert {plot["aria-labelledby"], plot["aria-describedby"]} <= set(ids)
        assert len(figure.one("table").all("tr")) > 1
    targets = {(link.attributes["href"] or "")[1:] for link in root.one("nav").all("a")}
    assert targets <= set(ids)


@pytest.mark.parametrize(
    "url",
    [
        "https://[bad",
        "https://evil.example/artist/x",
        "https://open.spotify.com@evil.example/x",
        "https://open.spotify.com.evil.example/x",
        "https://open.spotify.com:8443/x",
        "http://open.spotify.com/artist/x",
        "//open.spotify.com/x",
    ],
)
def test_links_lead_to_spotify_and_nowhere_else(extended: Shown, tmp_path: Path, url: str) -> None:
    tables = ("new_releases", "albums", "album_tracks", "albums__artists", "album_tracks__artists")
    statements = [f"UPDATE {table} SET external_urls__spotify = '{url}'" for table in tables]
    covers = [f"UPDATE {table}__images SET url = '{url}'" for table in ("new_releases", "albums")]
    page = page_of(altered(extended.place.database, tmp_path, *statements, *covers), extended.now)

    outward = [
        urlsplit(address) for link in page.root.all("a") if (address := link.attributes["href"] or "")[:1] != "#"
    ]
    items = [parts for parts in outward if parts.path.startswith(("/album/", "/artist/", "/track/"))]
    assert len(items) > 100
    assert {parts.netloc for parts in items} == {"open.spotify.com"}
    assert url not in page.html
    assert not page.root.all("img")
