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
        input.dispatchEvent(new Event("input", { bubbles: true }));
        return [...document.querySelectorAll(".card")].filter((card) => !card.hidden).map((card) => card.id);
    }"""
    cards = tab.ask(f"({look})('')")
    title = tab.ask("document.querySelector('.card h3').textContent")
    assert len(cards) == len(development.page.section("new").all("li", class_="card"))
    assert cards[0] in tab.ask(f"({look})({title.upper()!r})")
    assert tab.ask(f"({look})('nosuchword')") == []
    assert tab.ask("document.querySelector('.find [role=status]').textContent") == f"0 of {len(cards)} albums"


CARDS = "[...document.querySelectorAll('.card')].filter((card) => !card.hidden)"


def choose(tab: Tab, name: str, value: str) -> None:
    """Choose a value of a filter, as a person would."""
    tab.ask(
        f"""(() => {{
            const field = document.querySelector(".find [name={name}]");
            if (field.type === "checkbox") field.checked = {str(value == "yes").lower()};
            else field.value = {value!r};
            field.dispatchEvent(new Event("input", {{ bubbles: true }}));
        }})()"""
    )


def test_a_filter_leaves_what_it_names_and_stands_in_the_address(tab: Tab, extended: Shown) -> None:
    shown(tab, extended.page)
    everything = tab.ask(f"{CARDS}.length")
    kind, label = tab.ask("(({ type, label }) => [type, label])(document.querySelector('.card').dataset)")
    choose(tab, "type", kind)
    assert set(tab.ask(f"{CARDS}.map((card) => card.dataset.type)")) == {kind}
    assert tab.ask(f"{CARDS}.length") < everything
    choose(tab, "label", label)
    assert set(tab.ask(f"{CARDS}.map((card) => card.dataset.label)")) == {label}
    assert tab.ask("new URLSearchParams(location.search).get('type')") == kind
    left = tab.ask(f"{CARDS}.map((card) => card.id)")
    tab.call("Page.reload")
    tab.ask("new Promise((done) => setTimeout(done))")
    tab.drawn()
    assert tab.ask(f"{CARDS}.map((card) => card.id)") == left
    tab.ask("document.querySelector('[name=reset]').click()")
    assert tab.ask(f"{CARDS}.length") == everything
    assert tab.ask("location.search") == ""


def test_cards_are_sorted_by_date_and_back_by_rank(tab: Tab, development: Shown) -> None:
    shown(tab, development.page)
    before = tab.ask(f"{CARDS}.map((card) => card.id)")
    choose(tab, "sort", "newest")
    dates = tab.ask(f"{CARDS}.map((card) => card.dataset.released)")
    assert dates == sorted(dates, reverse=True)
    assert len(set(dates)) > 1
    choose(tab, "sort", "")
    assert tab.ask(f"{CARDS}.map((card) => card.id)") == before


def test_a_link_to_a_card_that_is_filtered_out_shows_it(tab: Tab, development: Shown) -> None:
    shown(tab, development.page)
    card = tab.ask("document.querySelector('.card').id")
    choose(tab, "find", "nosuchword")
    assert tab.ask(f"{CARDS}.length") == 0
    tab.ask(f"new Promise((done) => {{ addEventListener('hashchange', () => done(true)); location.hash = {card!r} }})")
    assert card in tab.ask(f"{CARDS}.map((card) => card.id)")


def test_the_player_is_loaded_on_demand_and_from_spotify_alone(tab: Tab, development: Shown, tmp_path: Path) -> None:
    page = page_of(altered(development.place.database, tmp_path, REAL_COVERS), development.now)
    tab.open(page.path, 1280, 900, "light")
    tab.drawn()
    assert tab.ask("document.querySelectorAll('iframe').length") == 0
    card = tab.ask("document.querySelector('.card').id")
    tab.ask("document.querySelector('.card .play button').click()")
    assert tab.ask("[...document.querySelectorAll('iframe')].map((frame) => frame.src)") == [
        f"https://open.spotify.com/embed/album/{card.removeprefix('album-')}"
    ]
    assert "Content Security Policy" not in " ".join(tab.errors())
    refused = """new Promise((done) => {
        addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
        const frame = document.createElement("iframe");
        frame.src = "https://evil.example/";
        document.body.append(frame);
    })"""
    assert tab.ask(refused) == "frame-src"


def test_the_demo_has_a_word_where_there_is_nothing_to_play(tab: Tab, development: Shown) -> None:
    shown(tab, development.page)
    tab.ask("document.querySelector('.card .play button').click()")
    assert "nothing to play" in tab.ask("document.activeElement.textContent")
    assert tab.ask("document.querySelectorAll('iframe').length") == 0
