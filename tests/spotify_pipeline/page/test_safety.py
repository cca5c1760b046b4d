"""Scripts, addresses and elements of the page, with hostile values in the tables."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from urllib.parse import urlsplit

import pytest

from tests.support.page import REAL_COVERS, DemoPage, Page, altered_copy, render_page

EVIL = "<script>alert(1)</script>"
QUOTES = """"'><img src=x onerror=alert(2)>&amp;{{ 7 * 7 }}"""
# One of them is used for each row.
BAD_URLS = (
    "javascript:alert(3)",
    "https://[bad",
    "https://evil.example/artist/x",
    "https://open.spotify.com@evil.example/x",
    "https://open.spotify.com.evil.example/x",
    "https://open.spotify.com:8443/x",
    "http://open.spotify.com/artist/x",
    "//open.spotify.com/x",
)


@pytest.fixture(scope="module")
def with_covers(development: DemoPage, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Render albums with covers at Spotify's addresses."""
    folder = tmp_path_factory.mktemp("covers")
    return render_page(altered_copy(development.database.database, folder, REAL_COVERS), development.now)


@pytest.fixture(scope="module")
def hostile(extended: DemoPage, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Render markup in every name and reason, and bad addresses."""
    evil, quotes = EVIL.replace("'", "''"), QUOTES.replace("'", "''")
    url = f"external_urls__spotify = ({list(BAD_URLS)})[1 + (hash(_dlt_id) % {len(BAD_URLS)})::INT]"
    statements = [
        *(
            f"UPDATE {table} SET name = '{evil}', album_type = '{quotes}', {url}"
            for table in ("new_releases", "albums")
        ),
        f"UPDATE album_tracks SET name = '{quotes}', {url}",
        f"UPDATE albums SET label = '{evil}'",
        *(f"UPDATE {table}__artists SET name = '{quotes}', {url}" for table in ("new_releases", "albums")),
        f"UPDATE album_tracks__artists SET name = '</script>{evil}', {url}",
        *(
            f"UPDATE {table}__images SET {url.replace('external_urls__spotify', 'url')}"
            for table in ("new_releases", "albums")
        ),
        f"UPDATE release_sightings SET market = '{evil}'",
        f"UPDATE load_runs SET reason = '{evil}', exit_code = 75, calls = '{{\"{EVIL}\": 3}}'",
    ]
    folder = tmp_path_factory.mktemp("hostile")
    return render_page(altered_copy(extended.database.database, folder, *statements), extended.now)


def test_markup_in_names_is_shown_as_text(hostile: Page) -> None:
    assert {card.one("h3").text for card in hostile.cards().values()} == {EVIL}
    assert EVIL in hostile.section("loads").text
    assert QUOTES in hostile.section("lengths").text


def test_no_value_creates_an_element(hostile: Page, extended: DemoPage) -> None:
    drawn_covers = {"svg", "circle"}
    assert {one.tag for one in hostile.elements()} == {one.tag for one in extended.page.elements()} - drawn_covers
    assert len(hostile.root.all("script", type="module")) == 3
    assert not [name for one in hostile.elements() for name in one.attributes if name.startswith("on")]


def test_only_scripts_of_the_page_may_run(hostile: Page) -> None:
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


def test_bad_addresses_are_replaced_by_spotifys(hostile: Page) -> None:
    outward = [
        urlsplit(address) for link in hostile.root.all("a") if (address := link.attributes["href"] or "")[:1] != "#"
    ]
    links = [parts for parts in outward if parts.path.startswith(("/album/", "/artist/", "/track/"))]
    assert len(links) > 100
    assert {(parts.scheme, parts.netloc) for parts in links} == {("https", "open.spotify.com")}
    assert {parts.scheme for parts in outward} == {"https"}
    assert not [url for url in BAD_URLS if url in hostile.html]
    assert not hostile.root.all("img")
    first = next(iter(hostile.cards().values()))
    assert re.fullmatch(r"https://open\.spotify\.com/album/\w{22}", first.one("h3").one("a").attributes["href"] or "")


def test_page_of_the_demo_loads_nothing(demo: DemoPage) -> None:
    assert not demo.page.root.all("img")
    assert "covers.invalid" not in demo.page.html


def test_only_covers_are_loaded(with_covers: Page) -> None:
    images = [image.attributes for image in with_covers.root.all("img")]
    assert images
    assert {urlsplit(image["src"] or "").netloc for image in images} == {"i.scdn.co"}
    for one in with_covers.elements():
        loads = {"src", "srcset", "data", "poster", "background"} & set(one.attributes)
        assert one.tag == "img" or not loads, one
        assert one.tag not in {"link", "iframe", "object", "embed", "base", "form"}
    assert "url(" not in with_covers.root.one("style").text
    assert "@import" not in with_covers.root.one("style").text


def test_covers_are_unaltered(with_covers: Page) -> None:
    style = with_covers.root.one("style").text
    assert "object-fit: contain" in style
    assert "filter" not in style
    for image in with_covers.root.all("img"):
        assert not image.inside
        assert (image.attributes["alt"] or "").startswith("Cover of ")


def test_every_entry_links_to_spotify(demo: DemoPage) -> None:
    assert "data and art from Spotify" in demo.page.root.one("footer").text
    for card in demo.page.cards().values():
        address = card.one("h3").one("a").attributes["href"] or ""
        assert address.startswith("https://open.spotify.com/album/")
        link = card.all("a")[-1]
        assert (link.text, link.attributes["href"]) == (f"Listen on Spotify to {card.one('h3').text}", address)
        for track in card.one("ol").all("li"):
            assert (track.all("a")[0].attributes["href"] or "").startswith("https://open.spotify.com/track/")
    for name in ("late", "calendar", "movers", "lengths", "pairs"):
        for ranking in demo.page.section(name).all("ul", class_="ranking"):
            for entry in ranking.all("li"):
                assert entry.all("a")
                assert all(url.startswith("https://open.spotify.com/") for url in entry.links().values())


def test_structure_is_readable_for_screen_readers(demo: DemoPage) -> None:
    root = demo.page.root
    assert root.one("html").attributes["lang"] == "en"
    levels = [int(one.tag[1]) for one in demo.page.elements() if re.fullmatch(r"h[1-6]", one.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = [one.attributes["id"] for one in demo.page.elements() if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    for figure in root.all("figure"):
        plot = figure.one("div", class_="plot").attributes
        # The script that draws the chart makes it a tab stop: there is nothing to stop at without it.
        assert "tabindex" not in plot
        assert {plot["aria-labelledby"], plot["aria-describedby"]} <= set(ids)
        assert len(figure.one("table").all("tr")) > 1
    targets = {(link.attributes["href"] or "")[1:] for link in root.one("nav").all("a")}
    assert targets == {section.attributes["id"] for section in root.all("section")}
