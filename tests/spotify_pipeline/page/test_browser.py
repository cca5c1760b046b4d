"""The page in Chromium: charts, filters, keyboard, without scripts, axe and print."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import axe
from tests.support.browser import NAMES, Tab, browser, installed
from tests.support.page import REAL_COVERS, DemoPage, Page, altered_copy, render_page

BROWSER = installed()
pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"no browser on PATH: {', '.join(NAMES)}")

# A phone and a desk, by day and by night, with each kind of app.
DISPLAYS = [
    ("development", 390, "light"),
    ("extended", 390, "dark"),
    ("extended", 1280, "light"),
    ("development", 1280, "dark"),
]
MARKS = "[role=graphics-symbol][aria-label]:not([aria-roledescription=axis], [aria-roledescription=legend])"
CARDS = "[...document.querySelectorAll('.card')].filter((card) => !card.hidden)"
IDS = f"{CARDS}.map((card) => card.id)"
# The focused element: its place among all elements, and True for `seen` and `ringed` if a user sees that it has the focus.
FOCUS = """(() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const box = element.getBoundingClientRect();
    const ring = getComputedStyle(element);
    return {
        place: [...document.querySelectorAll("*")].indexOf(element),
        name: element.getAttribute("name"),
        text: element.textContent.trim(),
        within: element.closest("section")?.id ?? null,
        seen: box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight,
        ringed: ring.outlineStyle !== "none" && parseFloat(ring.outlineWidth) >= 1,
    };
})()"""
# True for an element that takes up room and that nothing around it hides.
VISIBLE = "(each) => each.checkVisibility({ contentVisibilityAuto: false, visibilityProperty: true })"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """One browser; each opened page gets a new tab."""
    assert BROWSER is not None
    with browser(BROWSER, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def axe_source(tmp_path_factory: pytest.TempPathFactory) -> str:
    source = axe.script(tmp_path_factory.mktemp("axe"))
    if source is None:
        pytest.skip("axe-core is not available: no npm, or no registry; AXE_CORE can name its axe.min.js")
    return source


def open_page(tab: Tab, page: Page, width: int = 1280, scheme: str = "light") -> None:
    """Open a page, and check that every chart is drawn without an error."""
    tab.open(page.path, width, 900, scheme)
    tab.drawn()
    assert tab.errors() == []


def choose(tab: Tab, name: str, value: str) -> None:
    """Choose a value of a filter, as a user would."""
    tab.ask(
        f"""(() => {{
            const field = document.querySelector(".find [name={name}]");
            if (field.type === "checkbox") field.checked = {str(value == "yes").lower()};
            else field.value = {value!r};
            field.dispatchEvent(new Event("input", {{ bubbles: true }}));
        }})()"""
    )


def tab_to(tab: Tab, name: str) -> None:
    """Press Tab until the control with a name has the focus, visibly."""
    for _ in range(100):
        tab.press("Tab")
        focus = tab.ask(FOCUS)
        if focus and focus["name"] == name:
            assert focus["seen"], focus
            assert focus["ringed"], focus
            return
    pytest.fail(f"{name} is never reached")


# -- Charts and layout


@pytest.mark.parametrize(("quota_mode", "width", "scheme"), DISPLAYS)
def test_charts_are_drawn_and_fit_the_display(
    tab: Tab, request: pytest.FixtureRequest, quota_mode: str, width: int, scheme: str
) -> None:
    page: Page = request.getfixturevalue(quota_mode).page
    open_page(tab, page, width, scheme)
    marks = tab.ask(
        f"""
        Object.fromEntries([...document.querySelectorAll("figure")].map((figure) => [
            figure.dataset.chart,
            [...figure.querySelectorAll({MARKS!r})]
                .map((mark) => mark.getBoundingClientRect())
                .filter((box) => box.width > 0 && box.height > 0).length,
        ]))
        """
    )
    assert sorted(marks) == sorted(page.charts())
    assert len(marks) == 5
    for name in ("calendar", "lengths", "pairs", "calls"):
        assert marks[name] == len(page.chart(name)["data"]["values"])
    (movers,) = [name for name in marks if name.startswith("movers")]
    # The keyboard stops once for each album.
    assert marks[movers] == sum(row["latest"] for row in page.chart(movers)["data"]["values"])
    tab.ask("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    for narrower in (width, 320):
        tab.resize(narrower, 900)
        assert tab.ask("document.documentElement.scrollWidth") <= narrower


def test_charts_follow_light_and_dark_mode(tab: Tab, development: DemoPage) -> None:
    open_page(tab, development.page)
    look = """
        [getComputedStyle(document.body).backgroundColor,
         getComputedStyle(document.querySelector("#chart-pairs [aria-roledescription=bar]")).fill]
    """
    assert tab.ask(look) == ["rgb(251, 250, 247)", "rgb(36, 90, 133)"]
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert tab.ask(look) == ["rgb(22, 21, 19)", "rgb(116, 171, 211)"]


def test_chart_is_read_mark_by_mark_with_the_keyboard(tab: Tab, development: DemoPage) -> None:
    open_page(tab, development.page)
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


def test_mark_is_read_out_when_pointed_at(tab: Tab, development: DemoPage) -> None:
    open_page(tab, development.page)
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
    readout = tab.ask("document.querySelector('#chart-pairs output').textContent")
    assert readout == development.page.chart("pairs")["data"]["values"][0]["says"]


def test_script_in_a_name_stays_text(tab: Tab, development: DemoPage, tmp_path: Path) -> None:
    evil = "<script>document.title=\"gone\"</script><img src=x onerror=\"document.title=''gone''\">"
    tables = ("new_releases", "albums", "album_tracks__artists")
    statements = [f"UPDATE {table} SET name = '{evil}'" for table in tables]
    page = render_page(altered_copy(development.database.database, tmp_path, *statements), development.now)
    open_page(tab, page)
    tab.ask("document.querySelector('#chart-pairs .plot').focus()")
    tab.press("End")
    assert tab.ask("document.querySelector('#chart-pairs output').textContent").startswith("<script>")
    assert tab.ask("document.title") == "New releases on Spotify"
    assert tab.errors() == []


def test_page_with_empty_sections_is_drawn(tab: Tab, first_run: DemoPage) -> None:
    open_page(tab, first_run.page, 390)
    assert tab.ask("[...document.querySelectorAll('figure')].map((each) => each.dataset.chart)") == [
        "calendar",
        "lengths",
        "pairs",
        "calls",
    ]


# -- Cards


def test_search_ignores_case_and_accents(tab: Tab, development: DemoPage) -> None:
    open_page(tab, development.page)
    search = f"""(words) => {{
        const input = document.querySelector(".find input");
        input.value = words;
        input.dispatchEvent(new Event("input", {{ bubbles: true }}));
        return {IDS};
    }}"""
    cards = tab.ask(f"({search})('')")
    title = tab.ask("document.querySelector('.card h3').textContent")
    assert len(cards) == len(development.page.cards())
    assert cards[0] in tab.ask(f"({search})({title.upper()!r})")
    assert tab.ask(f"({search})('nosuchword')") == []
    assert tab.ask("document.querySelector('.find [role=status]').textContent") == f"0 of {len(cards)} albums"


def test_filters_are_kept_in_the_address(tab: Tab, extended: DemoPage) -> None:
    open_page(tab, extended.page)
    everything = tab.ask(IDS)
    kind, label = tab.ask("(({ type, label }) => [type, label])(document.querySelector('.card').dataset)")
    choose(tab, "type", kind)
    assert set(tab.ask(f"{CARDS}.map((card) => card.dataset.type)")) == {kind}
    assert len(tab.ask(IDS)) < len(everything)
    choose(tab, "label", label)
    assert set(tab.ask(f"{CARDS}.map((card) => card.dataset.label)")) == {label}
    assert tab.ask("new URLSearchParams(location.search).get('type')") == kind
    left = tab.ask(IDS)
    tab.call("Page.reload")
    tab.ask("new Promise((done) => setTimeout(done))")
    tab.drawn()
    assert tab.ask(IDS) == left
    tab.ask("document.querySelector('[name=reset]').click()")
    assert tab.ask(IDS) == everything
    assert tab.ask("location.search") == ""
    choose(tab, "sort", "newest")
    dates = tab.ask(f"{CARDS}.map((card) => card.dataset.released)")
    assert dates == sorted(dates, reverse=True)
    assert len(set(dates)) > 1
    choose(tab, "sort", "")
    assert tab.ask(IDS) == everything


def test_link_to_a_filtered_card_shows_it(tab: Tab, development: DemoPage) -> None:
    open_page(tab, development.page)
    card = tab.ask("document.querySelector('.card').id")
    choose(tab, "find", "nosuchword")
    assert tab.ask(IDS) == []
    tab.ask(f"new Promise((done) => {{ addEventListener('hashchange', () => done(true)); location.hash = {card!r} }})")
    assert card in tab.ask(IDS)


def test_covers_and_player_load_only_from_spotify(tab: Tab, development: DemoPage, tmp_path: Path) -> None:
    page = render_page(altered_copy(development.database.database, tmp_path, REAL_COVERS), development.now)
    covers = len(page.section("new").all("img"))
    without = len(page.section("new").all("div", class_="cover-missing"))
    tab.open(page.path, 1280, 900)
    tab.drawn()
    # The browser resolves no host, so that every cover fails and a stand-in replaces it.
    tab.ask("document.querySelectorAll('img.cover').forEach((each) => { each.loading = 'eager' })")
    gone = "new Promise((done) => { const look = () => document.querySelector('img.cover') ? setTimeout(look, 20) : done(true); look() })"
    assert covers
    assert tab.ask(gone) is True
    assert tab.ask("document.querySelectorAll('.cover-missing').length") == covers + without

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


# -- Keyboard


def test_tab_visits_the_page_in_reading_order_and_visibly(tab: Tab, extended: DemoPage) -> None:
    open_page(tab, extended.page)
    visited: list[dict[str, Any]] = []
    while True:
        tab.press("Tab")
        focus = tab.ask(FOCUS)
        if focus is None or (visited and focus["place"] < visited[-1]["place"]):
            break
        # A date field has several stops.
        if not visited or focus["place"] != visited[-1]["place"]:
            visited.append(focus)
    assert [one for one in visited if not (one["seen"] and one["ringed"])] == []
    assert visited[0]["text"] == "Skip to the content"
    sections = list(dict.fromkeys(one["within"] for one in visited if one["within"]))
    assert sections == ["new", "late", "calendar", "movers", "lengths", "pairs", "loads"]
    reachable = f"""[...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
        .filter({VISIBLE}).length"""
    assert len(visited) == tab.ask(reachable)


def test_shift_tab_goes_back_and_the_first_stop_skips_navigation(tab: Tab, development: DemoPage) -> None:
    open_page(tab, development.page)
    forward = []
    for _ in range(12):
        tab.press("Tab")
        forward.append(tab.ask(FOCUS)["place"])
    back = [forward[-1]]
    for _ in range(11):
        tab.press("Tab", shift=True)
        back.append(tab.ask(FOCUS)["place"])
    assert back == forward[::-1]
    tab.press("Enter")
    tab.press("Tab")
    assert tab.ask(FOCUS)["within"] == "new"


def test_albums_are_searched_filtered_and_sorted_with_keys(tab: Tab, extended: DemoPage) -> None:
    open_page(tab, extended.page)
    everything = tab.ask(IDS)
    title = tab.ask("document.querySelector('.card h3').textContent")

    tab_to(tab, "find")
    tab.write(title)
    assert 0 < len(tab.ask(IDS)) < len(everything)
    tab_to(tab, "reset")
    tab.press("Enter")
    assert tab.ask(IDS) == everything
    # The button is hidden now; the focus moves to the first field.
    assert tab.ask(FOCUS)["name"] == "find"

    tab_to(tab, "type")
    tab.press("ArrowDown")
    kind = tab.ask("document.activeElement.value")
    assert kind
    assert set(tab.ask(f"{CARDS}.map((card) => card.dataset.type)")) == {kind}
    tab_to(tab, "sort")
    tab.press("ArrowDown")
    dates = tab.ask(f"{CARDS}.map((card) => card.dataset.released)")
    assert dates == sorted(dates, reverse=True)
    assert tab.ask(FOCUS)["name"] == "sort"
    tab_to(tab, "reset")
    tab.press(" ")
    assert tab.ask(IDS) == everything


def test_tracks_and_player_open_with_keys(tab: Tab, development: DemoPage) -> None:
    open_page(tab, development.page)
    tab.ask("document.querySelector('.card summary').focus()")
    for key, opened in ((" ", True), ("Enter", False), ("Enter", True)):
        tab.press(key)
        assert tab.ask("document.querySelector('.card details').open") is opened
    tab.ask("document.querySelector('.card .play button').focus()")
    tab.press(" ")
    # The demo's albums are invented.
    assert "nothing to play" in tab.ask("document.activeElement.textContent")
    assert tab.ask("document.querySelectorAll('iframe').length") == 0
    assert tab.ask(FOCUS)["seen"]
    tab.press("Tab")
    assert tab.ask("document.activeElement.closest('.card') === document.querySelector('.card')") is True


# -- Without scripts


def test_without_scripts_all_content_is_there_and_no_controls(tab: Tab, extended: DemoPage) -> None:
    tab.open(extended.page.path, 1280, 900, scripts=False)
    cards = tab.ask(f"[...document.querySelectorAll('.card')].filter({VISIBLE}).map((card) => card.id)")
    assert cards == [f"album-{album_id}" for album_id in extended.page.cards()]
    for card in cards:
        links = f"[...document.querySelectorAll('#{card} a[href^=\"https://open.spotify.com/\"]')].filter({VISIBLE})"
        assert tab.ask(f"{links}.length") >= 3
    controls = "button, input, select, output, .plot, .play, [role=search], [role=status]"
    visible = f"[...document.querySelectorAll({controls!r})].filter({VISIBLE}).map((each) => each.outerHTML)"
    assert tab.ask(visible) == []
    assert tab.ask("document.querySelectorAll('.plot[tabindex]').length") == 0
    assert "arrow keys" not in tab.ask("document.body.innerText").lower()
    for name in extended.page.charts():
        tab.ask(f"document.querySelector('#chart-{name} summary').click()")
        assert tab.ask(f"[...document.querySelectorAll('#chart-{name} td')].filter({VISIBLE}).length") > 0
    stops = []
    for _ in range(20):
        tab.press("Tab")
        stops.append(tab.ask("document.activeElement.tagName"))
    assert set(stops) <= {"A", "SUMMARY", "DIV"}


# -- Assistive technology


@pytest.mark.parametrize(("quota_mode", "width", "scheme"), DISPLAYS)
def test_axe_reports_no_violations(
    tab: Tab, request: pytest.FixtureRequest, axe_source: str, quota_mode: str, width: int, scheme: str
) -> None:
    open_page(tab, request.getfixturevalue(quota_mode).page, width, scheme)
    assert axe.violations(tab, axe_source) == []
    # Again with everything open, a sort order chosen, and the player's message.
    tab.ask("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    tab.ask("document.querySelector('.card .play button').click()")
    choose(tab, "sort", "newest")
    assert axe.violations(tab, axe_source) == []


def test_axe_reports_no_violations_without_scripts(tab: Tab, development: DemoPage, axe_source: str) -> None:
    tab.open(development.page.path, 1280, 900, scripts=False)
    # axe is a script too. The page's own have not run.
    tab.call("Emulation.setScriptExecutionDisabled", value=False)
    assert axe.violations(tab, axe_source) == []
    field = "document.querySelector('.find [name=find]')"
    tab.ask(f"document.querySelector('.find').hidden = false; {field}.closest('label').replaceWith({field})")
    assert any(violation.startswith("label:") for violation in axe.violations(tab, axe_source))


# -- Print


@pytest.mark.parametrize("scripts", [True, False])
def test_print_opens_days_keeps_links_and_hides_controls(tab: Tab, development: DemoPage, *, scripts: bool) -> None:
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
    for album_id in development.page.cards():
        assert f"https://open.spotify.com/album/{album_id}".encode() in printed
