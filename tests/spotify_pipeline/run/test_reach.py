"""Watchlist and reach on the command line: report, dry run, errors, kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from spotify_pipeline.offline_api import Catalogue, LoggedRequest, OfflineApi, Reply, make_album

from spotify_source.limits.governor import SystemClock
from tests.support.apis import Serve
from tests.support.place import Place

ARTISTS = [f"Artist Number {number:03}" for number in range(60)]


@pytest.fixture
def api(serve: Serve) -> OfflineApi:
    """Return an API with the albums of watched artists beyond its plain listing."""
    found = serve(quota_mode="development")
    beyond = [make_album(f"New of {name}", 1, artist=name) for name in ARTISTS]
    found.catalogue = Catalogue.of([make_album("Listed", 1)], beyond=beyond)
    return found


@pytest.fixture
def watchlist(tmp_path: Path) -> str:
    file = tmp_path / "artists.txt"
    file.write_text("# to watch\n" + "\n".join([*ARTISTS, "Unknown"]), encoding="utf-8")
    return str(file)


@pytest.mark.slow
def test_the_report_counts_checked_and_names_unresolved_artists(place: Place, api: OfflineApi, watchlist: str) -> None:
    first = place.load(api, "--artists", watchlist, artist_calls=40)
    assert first.code == 0, first.err
    assert "Watchlist: 20 of 61 artists checked, 20 new albums." in first.out
    second = place.load(api, "--artists", watchlist, "--report", "json", artist_calls=200)
    report = json.loads(second.out)
    assert report["artists_unresolved"] == ["Unknown"]
    assert {path["path"]: path["albums_new"] for path in report["paths"]} == {"search": 0, "artists": 40}


def test_the_report_states_the_yield_of_the_last_calls(place: Place, api: OfflineApi) -> None:
    api.catalogue = Catalogue.generate(seed=2, listed=20, day=date(2026, 11, 20), current=300)
    ran = place.load(api, "--reach", "30", "--resources", "new_releases", "search_yields")
    assert ran.calls["search"] == 22
    assert "Extra queries: " in ran.out
    assert "; yield of the last 20 calls: " in ran.out


def test_a_dry_run_states_the_calls_of_each_path(place: Place, api: OfflineApi, watchlist: str) -> None:
    ran = place.load(api, "--artists", watchlist, "--reach", "30", "--dry-run", artist_sweeps=5, daily_calls=40)
    assert ran.calls == {"browse": 1, "search": 1}
    assert "Watchlist: up to 39 calls to search, not made for this plan." in ran.out
    assert "Extra queries: no calls to search left." in ran.out
    assert "search: 1 call in the last 24 hours, 39 left of 40." in ran.out


@pytest.mark.slow
def test_other_types_are_listed_and_not_fetched(place: Place, serve: Serve) -> None:
    api = serve(make_album("Single", 1), make_album("Album", 10), quota_mode="development")
    assert place.load(api, "--only-types", "album").code == 0
    assert place.count("new_releases") == 2
    assert place.sql("SELECT name FROM albums") == [("Album",)]
    assert place.last_run()["albums_pending"] == 0
    assert place.load(api).code == 0
    assert place.count("albums") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--artists", "missing.txt"), "missing.txt"),
        (("--only-types", "album,mixtape"), "mixtape"),
        (("--reach", "0"), "--reach"),
    ],
)
def test_invalid_options_are_rejected_before_any_call(
    place: Place, api: OfflineApi, arguments: tuple[str, ...], message: str
) -> None:
    ran = place.load(api, *arguments)
    assert ran.code == 78
    assert message in ran.err
    assert not ran.calls


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_run_repeats_only_its_artist_checks(place: Place, api: OfflineApi, watchlist: str) -> None:
    process: list[subprocess.Popen[bytes]] = []

    def kill(_: LoggedRequest, reply: Reply) -> Reply:
        process[0].send_signal(signal.SIGKILL)
        process[0].wait()
        return reply

    def is_search(request: LoggedRequest) -> bool:
        return str(request.query.get("q")).startswith("tag:new artist:")

    api.script("search", *[None] * 29, kill, match=is_search)
    arguments = ("--artists", watchlist, "--resources", "new_releases", "watched_artists")
    environment = {**os.environ, **place.environment(api, artist_calls=200)}
    process.append(subprocess.Popen(place.command_line(*arguments), env=environment, stdout=subprocess.DEVNULL))
    assert process[0].wait() == -signal.SIGKILL

    ran = place.load(api, *arguments, artist_calls=200, clock=SystemClock())

    assert ran.code == 0, ran.err
    assert sum(map(is_search, api.requests)) <= 60 + 30 + 5
    assert place.count("new_releases") == 61
    assert place.one("SELECT count(*) FROM watched_artists WHERE checked_at IS NOT NULL") == 60
