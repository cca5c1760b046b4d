"""The page for who has no pointer, no scripts, a screen reader, or paper. In a real browser."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import axe
from tests.support.browser import NAMES, Tab, browser, installed
from tests.support.page import Shown

BROWSER = installed()
pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"no browser on PATH: {', '.join(NAMES)}")

SHOWN_CARDS = "[...document.querySelectorAll('.card')].filter((card) => !card.hidden)"
# What has the focus: its place among all elements, its name, and whether it can be seen that it has it.
FOCUS = """(() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const box = element.getBoundingClientRect();
    const ring = getComputedStyle(element);
    return {
        place: [...document.querySelectorAll("*")].indexOf(element),
        tag: element.tagName,
        name: element.getAttribute("name"),
        text: element.textContent.trim(),
        within: element.closest("section")?.id ?? null,
        seen: box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight,
        ringed: ring.outlineStyle !== "none" && parseFloat(ring.outlineWidth) >= 1,
    };
})()"""
# Takes up room, and nothing around it hides it.
VISIBLE = "(each) => each.checkVisibility({ contentVisibilityAuto: false, visibilityProperty: true })"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """One browser for all; each page that is shown gets a tab of its own."""
    assert BROWSER is not None
    with browser(BROWSER, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def axe_source(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core, once for all."""
    source = axe.script(tmp_path_factory.mktemp("axe"))
    if source is None:
        pytest.skip("axe-core can't be had: no npm, or no registry; AXE_CORE can name its axe.min.js")
    return source


def shown(tab: Tab, page: Shown, *, width: int = 1280, scheme: str = "light") -> None:
    tab.open(page.page.path, width, 900, scheme)
    tab.drawn()
    assert tab.errors() == []


def walk_to(tab: Tab, name: str) -> dict[str, Any]:
    """Press Tab until the control with that name has the focus, which has to be seen."""
    for _ in range(100):
        tab.press("Tab")
        focus = tab.ask(FOCUS)
        if focus and focus["name"] == name:
            assert focus["seen"], focus
            assert focus["ringed"], focus
            return dict(focus)
    pytest.fail(f"{name} is never reached")


# -- With the keyboard alone


def test_tab_leads_through_the_whole_page_in_reading_order_and_shows_where_it_is(tab: Tab, extended: Shown) -> None:
    shown(tab, extended)
    walked = []
    while True:
        tab.press("Tab")
        focus = tab.ask(FOCUS)
        if focus is None or (walked and focus["place"] < walked[-1]["place"]):
            break
        # A date has several stops, for its parts.
        if not walked or focus["place"] != walked[-1]["place"]:
            walked.append(focus)
    assert [each for each in walked if not (each["seen"] and each["ringed"])] == []
    assert walked[0]["text"] == "Skip to the content"
    sections = list(dict.fromkeys(each["within"] for each in walked if each["within"]))
    assert sections == ["new", "late", "calendar", "movers", "lengths", "pairs", "loads"]
    reachable = f"""[...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
        .filter({VISIBLE}).length"""
    assert len(walked) == tab.ask(reachable)


def test_the_first_stop_leads_past_the_navigation(tab: Tab, development: Shown) -> None:
    shown(tab, development)
    tab.press("Tab")
    tab.press("Enter")
    tab.press("Tab")
    assert tab.ask(FOCUS)["within"] == "new"


def test_albums_are_found_filtered_sorted_and_shown_again_with_keys(tab: Tab, extended: Shown) -> None:
    shown(tab, extended)
    everything = tab.ask(f"{SHOWN_CARDS}.map((card) => card.id)")
    title = tab.ask("document.querySelector('.card h3').textContent")

    walk_to(tab, "find")
    tab.write(title)
    assert 0 < tab.ask(f"{SHOWN_CARDS}.length") < len(everything)
    walk_to(tab, "reset")
    tab.press("Enter")
    assert tab.ask(f"{SHOWN_CARDS}.map((card) => card.id)") == everything
    # The button is gone, and the focus is where one may go on.
    assert tab.ask(FOCUS)["name"] == "find"

    walk_to(tab, "type")
    tab.press("ArrowDown")
    kind = tab.ask("document.activeElement.value")
    assert kind
    assert set(tab.ask(f"{SHOWN_CARDS}.map((card) => card.dataset.type)")) == {kind}
    walk_to(tab, "sort")
    tab.press("ArrowDown")
    dates = tab.ask(f"{SHOWN_CARDS}.map((card) => card.dataset.released)")
    assert dates == sorted(dates, reverse=True)
    assert tab.ask(FOCUS)["name"] == "sort"
    walk_to(tab, "reset")
    tab.press(" ")
    assert tab.ask(f"{SHOWN_CARDS}.map((card) => card.id)") == everything


def test_tracks_and_player_open_with_keys(tab: Tab, development: Shown) -> None:
    shown(tab, development)
    tab.ask("document.querySelector('.card summary').focus()")
    for key, opened in ((" ", True), ("Enter", False), ("Enter", True)):
        tab.press(key)
        assert tab.ask("document.querySelector('.card details').open") is opened
    tab.ask("document.querySelector('.card .play button').focus()")
    tab.press(" ")
    assert "nothing to play" in tab.ask("document.activeElement.textContent")
    assert tab.ask(FOCUS)["seen"]
    tab.press("Tab")
    assert tab.ask("document.activeElement.closest('.card') === document.querySelector('.card')") is True


def test_back_and_forth_are_the_same_way(tab: Tab, development: Shown) -> None:
    shown(tab, development)
    there = []
    for _ in range(12):
        tab.press("Tab")
        there.append(tab.ask(FOCUS)["place"])
    back = [there[-1]]
    for _ in range(11):
        tab.press("Tab", shift=True)
        back.append(tab.ask(FOCUS)["place"])
    assert back == there[::-1]


# -- Without scripts


def test_without_scripts_every_album_link_and_number_is_there(tab: Tab, extended: Shown) -> None:
    tab.open(extended.page.path, 1280, 900, scripts=False)
    cards = tab.ask(f"[...document.querySelectorAll('.card')].filter({VISIBLE}).map((card) => card.id)")
    assert cards == [card.attributes["id"] for card in extended.page.section("new").all("li", class_="card")]
    for card in cards:
        links = (
            f"[...document.querySelectorAll('#{card} a[href^=\"https://open.spotify.com/\"]')].filter({VISIBLE}).length"
        )
        assert tab.ask(links) >= 3
    for name in extended.page.charts():
        tab.ask(f"document.querySelector('#chart-{name} summary').click()")
        assert tab.ask(f"[...document.querySelectorAll('#chart-{name} td')].filter({VISIBLE}).length") > 0


def test_without_scripts_nothing_is_offered_that_needs_them(tab: Tab, extended: Shown) -> None:
    tab.open(extended.page.path, 1280, 900, scripts=False)
    controls = "button, input, select, output, .plot, .play, [role=search], [role=status]"
    assert (
        tab.ask(f"[...document.querySelectorAll({controls!r})].filter({VISIBLE}).map((each) => each.outerHTML)") == []
    )
    assert tab.ask("document.querySelectorAll('.plot[tabindex]').length") == 0
    assert "arrow keys" not in tab.ask("document.body.innerText").lower()
    stops = []
    for _ in range(20):
        tab.press("Tab")
        stops.append(tab.ask("document.activeElement.tagName"))
    assert set(stops) <= {"A", "SUMMARY"}


# -- For assistive technology


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(tab: Tab, loaded: Shown, axe_source: str, width: int, scheme: str) -> None:
    shown(tab, loaded, width=width, scheme=scheme)
    assert axe.violations(tab, axe_source) == []
    # And once more with all that can be opened open, and a choice made.
    tab.ask("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    tab.ask("document.querySelector('.card .play button').click()")
    tab.ask(
        """(() => {
            const field = document.querySelector(".find [name=sort]");
            field.value = "newest";
            field.dispatchEvent(new Event("input", { bubbles: true }));
        })()"""
    )
    assert axe.violations(tab, axe_source) == []


def test_axe_finds_nothing_without_scripts(tab: Tab, development: Shown, axe_source: str) -> None:
    tab.open(development.page.path, 1280, 900, scripts=False)
    # axe is a script too: the page's own have not run, and from here on it may.
    tab.call("Emulation.setScriptExecutionDisabled", value=False)
    assert axe.violations(tab, axe_source) == []


def test_axe_sees_what_is_wrong(tab: Tab, development: Shown, axe_source: str) -> None:
    shown(tab, development)
    tab.ask(
        "document.querySelector('.find [name=find]').closest('label').replaceWith(document.querySelector('.find [name=find]'))"
    )
    assert any(found.startswith("label:") for found in axe.violations(tab, axe_source))


# -- On paper


@pytest.mark.parametrize("scripts", [True, False])
def test_on_paper_days_are_open_links_stay_and_nothing_speaks_of_keys(
    tab: Tab, development: Shown, *, scripts: bool
) -> None:
    tab.open(development.page.path, 1280, 900, scripts=scripts)
    if scripts:
        tab.drawn()
    printed = base64.b64decode(tab.call("Page.printToPDF")["data"])
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.ask("matchMedia('print').matches") is True

    assert tab.ask(f"[...document.querySelectorAll('.days li')].filter((each) => !({VISIBLE})(each)).length") == 0
    controls = "button, input, select, nav, .skip, .permalink, .play, .find"
    assert tab.ask(f"[...document.querySelectorAll({controls!r})].filter({VISIBLE}).length") == 0
    hint = "[...document.querySelectorAll('output')].filter((each) => each.checkVisibility()).length"
    assert tab.ask(hint) == 0
    albums = [card.attributes["id"] for card in development.page.section("new").all("li", class_="card")]
    for album in albums:
        assert f"https://open.spotify.com/album/{(album or '').removeprefix('album-')}".encode() in printed
