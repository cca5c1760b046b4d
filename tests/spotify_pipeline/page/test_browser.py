"""The page in a real browser: drawn without a complaint, on a phone and on a desk, by day and by night, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import NAMES, Tab, browser, installed
from tests.support.page import REAL_COVERS, Page, Shown, altered, page_of

BROWSER = installed()
pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"no browser on PATH: {', '.join(NAMES)}")

CHARTS = ["calendar", "calls", "lengths", "movers-all", "movers-us", "pairs"]
MARKS = "[role=graphics-symbol][aria-label]:not([aria-roledescription=axis], [aria-roledescription=legend])"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """One browser for all; each page that is shown gets a tab of its own."""
    assert BROWSER is not None
    with browser(BROWSER, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def shown(tab: Tab, page: Page, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
    """Open the page; no complaint, and every chart there."""
    tab.open(page.path, width, height, scheme)
    tab.drawn()
    assert tab.errors() == []


def marks(tab: Tab) -> dict[str, int]:
    """How many marks each chart has that take up room."""
    found = tab.ask(
        f"""
        Object.fromEntries([...document.querySelectorAll("figure")].map((figure) => [
            figure.dataset.chart,
            [...figure.querySelectorAll({MARKS!r})]
                .map((mark) => mark.getBoundingClientRect())
                .filter((box) => box.width > 0 && box.height > 0).length,
        ]))
        """
    )
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 900)])
def test_every_chart_is_drawn_and_nothing_complains(
    tab: Tab, loaded: Shown, width: int, height: int, scheme: str
) -> None:
    shown(tab, loaded.page, width, height, scheme)
    found = marks(tab)
    assert sorted(found) == sorted(loaded.page.charts())
    assert set(found) <= set(CHARTS)
    assert len(found) == 5
    for name in ("calendar", "lengths", "pairs"):
        assert found[name] == len(loaded.page.chart(name)["data"]["values"])
    assert all(found.values())


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_page_never_needs_to_be_moved_sideways(tab: Tab, loaded: Shown, width: int) -> None:
    shown(tab, loaded.page, width)
    tab.ask("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    assert tab.ask("document.documentElement.scrollWidth") <= width


def test_light_and_dark_differ_for_the_charts_too(tab: Tab, development: Shown) -> None:
    shown(tab, development.page)
    look = """
        [getComputedStyle(document.body).backgroundColor,
         getComputedStyle(document.querySelector("#chart-pairs [aria-roledescription=bar]")).fill]
    """
    light = tab.ask(look)
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    dark = tab.ask(look)
    assert light == ["rgb(251, 250, 247)", "rgb(36, 90, 133)"]
    assert dark == ["rgb(22, 21, 19)", "rgb(116, 171, 211)"]


def test_a_chart_is_read_mark_by_mark_with_the_keyboard(tab: Tab, development: Shown) -> None:
    shown(tab, development.page)
    readout = "document.querySelector('#chart-lengths output').textContent"
    says = [row["says"] for row in development.page.chart("lengths")["data"]["values"]]
    tab.ask("document.querySelector('#chart-lengths .plot').focus()")
    heard = []
    for _ in says:
        tab.press("ArrowRight")
        heard.append(tab.ask(readout))
    assert heard == says
    tab.press("ArrowRight")
    assert tab.ask(readout) == says[-1]
    tab.press("Home")
    assert tab.ask(readout) == says[0]
    tab.press("End")
    assert tab.ask(readout) == says[-1]
    assert tab.ask("document.querySelectorAll('[data-current]').length") == 1
    tab.press("Tab")
    assert tab.ask("document.querySelectorAll('[data-current]').length") == 0
    assert tab.ask("document.activeElement.tagName") == "SUMMARY"
    tab.press("Enter")
    assert tab.ask("document.activeElement.parentElement.open") is True


def test_risers_and_fallers_are_stepped_through_album_by_album(tab: Tab, development: Shown) -> None:
    shown(tab, development.page)
    values = development.page.chart("movers-us")["data"]["values"]
    assert marks(tab)["movers-us"] == sum(row["latest"] for row in values)


def test_a_mark_says_what_it_is_when_it_is_pointed_at(tab: Tab, development: Shown) -> None:
    shown(tab, development.page)
    box = tab.ask(
        """(() => {
            const mark = document.querySelector("#chart-pairs [aria-roledescription=bar]");
            mark.scrollIntoView({ block: "center", behavior: "instant" });
            const box = mark.getBoundingClientRect();
            return [box.x + 5, box.y + box.height / 2];
        })()"""
    )
    tab.point_at(*box)
    tab.ask("new Promise(requestAnimationFrame)")
    said = tab.ask("document.querySelector('#chart-pairs output').textContent")
    assert said == development.page.chart("pairs")["data"]["values"][0]["says"]


def test_a_name_that_is_a_script_stays_a_name(tab: Tab, development: Shown, tmp_path: Path) -> None:
    evil = "<script>document.title=\"gone\"</script><img src=x onerror=\"document.title=''gone''\">"
    database = altered(
        development.place.database,
        tmp_path,
        f"UPDATE new_releases SET name = '{evil}'",
        f"UPDATE albums SET name = '{evil}'",
        f"UPDATE album_tracks__artists SET name = '{evil}'",
    )
    page = page_of(database, development.now)
    shown(tab, page)
    tab.ask("document.querySelector('#chart-pairs .plot').focus()")
    tab.press("End")
    assert tab.ask("document.querySelector('#chart-pairs output').textContent").startswith("<script>")
    assert tab.ask("document.title") == "New releases on Spotify"
    assert tab.errors() == []


def test_a_page_of_reasons_is_a_page_as_well(tab: Tab, first_run: Shown) -> None:
    shown(tab, first_run.page, 390, 844)
    assert sorted(marks(tab)) == ["calendar", "calls", "lengths", "pairs"]


def test_a_cover_that_cannot_be_loaded_gives_way_to_a_stand_in(tab: Tab, development: Shown, tmp_path: Path) -> None:
    # The browser of these tests finds no host.
    page = page_of(altered(development.place.database, tmp_path, REAL_COVERS), development.now)
    covers = len(page.section("new").all("img"))
    without = len(page.section("new").all("div", class_="cover-missing"))
    tab.open(page.path, 1280, 900, "light")
    tab.drawn()
    tab.ask("document.querySelectorAll('img.cover').forEach((each) => { each.loading = 'eager' })")
    gone = "new Promise((done) => { const look = () => document.querySelector('img.cover') ? setTimeout(look, 20) : done(true); look() })"
    assert covers
    assert tab.ask(gone) is True
    assert tab.ask("document.querySelectorAll('.cover-missing').length") == covers + without


def test_typing_leaves_the_cards_that_have_every_word_however_it_is_accented(tab: Tab, development: Shown) -> None:
    shown(tab, development.page)
    look = """(words) => {
        const input = document.querySelector(".find input");
        input.value = words;
        input.dispatchEvent(new Event("input"));
        return [...document.querySelectorAll(".card")].filter((card) => !card.hidden).map((card) => card.id);
    }"""
    cards = tab.ask(f"({look})('')")
    title = tab.ask("document.querySelector('.card h3').textContent")
    assert len(cards) == len(development.page.section("new").all("li", class_="card"))
    assert cards[0] in tab.ask(f"({look})({title.upper()!r})")
    assert tab.ask(f"({look})('nosuchword')") == []
    assert tab.ask("document.querySelector('.find [role=status]').textContent") == f"0 of {len(cards)}"
