"""What the network and the API do wrong: repeated five times, then left pending, and the run goes on."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from dataclasses import replace

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, OfflineApi, Reply, Step, errors, make_album

from spotify_source import settings
from tests.support.albums import places_of
from tests.support.apis import Serve, for_album
from tests.support.clock import FakeClock
from tests.support.place import Place

FAULTS: dict[str, Step] = {
    "500": errors.server_error,
    "502": errors.bad_gateway,
    "503 without a body": errors.unavailable_empty,
    "a page of HTML": replace(errors.html_error_page, status=200),
    "a reset": Reply(reset=True),
    "half a body": lambda _, normal: replace(normal, truncate=len(normal.encoded()) // 2),
    "no envelope": Reply(200, {"id": "x", "name": "no tracks"}),
    "silence": Reply(hang=5.0),
}


@pytest.mark.slow
def test_calls_that_fail_five_times_leave_their_albums_pending_and_the_run_goes_on(
    place: Place, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "READ_TIMEOUT", 0.1)
    good = [make_album(f"Good {number}", 1) for number in range(2)]
    bad = {make_album(fault, 1)["id"]: fault for fault in FAULTS}
    api = serve(good[0], *(make_album(fault, 1) for fault in FAULTS), good[1], quota_mode="development")
    for album_id, fault in bad.items():
        api.script("album", *[FAULTS[fault]] * 5, match=for_album(album_id))

    ran = place.load(api)

    assert ran.code == 75
    asked = Counter(request.path.rpartition("/")[2] for request in api.requests if request.bucket == "album")
    assert asked == {**dict.fromkeys(bad, 5), **{album["id"]: 1 for album in good}}
    assert place.places() == places_of(good)
    assert f"Pending: {len(bad)} albums" in ran.out
    assert f"{len(bad)} albums failed" in ran.out
    assert "Traceback" not in ran.err


@pytest.mark.slow
def test_repetitions_wait_longer_each_time_and_are_counted(place: Place, api: OfflineApi, clock: FakeClock) -> None:
    api.script("album", *[errors.bad_gateway] * 4)

    ran = place.load(api)

    assert ran.code == 0
    assert clock.waits == sorted(clock.waits)
    assert len(clock.waits) == 4
    assert "4 retries" in ran.out
    assert place.last_run()["retries"] == 4


@pytest.mark.slow
def test_ten_albums_that_fail_in_a_row_end_the_calls_and_what_was_fetched_loads(place: Place, serve: Serve) -> None:
    albums = [make_album(f"Album {number}", 1) for number in range(40)]
    api = serve(*albums, quota_mode="development")
    api.always("album", errors.bad_gateway, match=lambda request: not for_album(albums[0]["id"])(request))

    ran = place.load(api)

    assert ran.code == 75
    assert place.album_ids() == [albums[0]["id"]]
    assert "too many calls in a row failed" in ran.out
    # Ten albums of five tries each, and what the five workers had begun.
    assert 1 + 10 * 5 <= ran.calls["album"] <= 1 + 15 * 5


@pytest.mark.slow
def test_an_album_that_is_gone_is_reported_and_never_asked_for_again(
    place: Place, api: OfflineApi, three: list[Album]
) -> None:
    api.catalogue.gone.add(three[0]["id"])

    first, second = place.load(api), place.load(api)

    assert (first.code, second.code) == (0, 0)
    assert "1 gone (404, not requested again)" in first.out
    assert second.calls == Counter(search=1)


@pytest.mark.slow
def test_what_failed_is_fetched_by_the_next_run_even_if_its_listing_fails(
    place: Place, api: OfflineApi, three: list[Album]
) -> None:
    api.script("album", *[errors.bad_gateway] * 5, match=for_album(three[1]["id"]))
    place.load(api)
    api.always("search", errors.bad_gateway)

    ran = place.load(api)

    assert ran.code == 69
    assert ran.calls == Counter(search=5, album=1)
    assert place.places() == places_of(three)
    assert place.last_run()["exit_code"] == 69


@pytest.mark.slow
def test_a_listing_that_is_cut_half_way_is_used_as_far_as_it_was_read(place: Place, serve: Serve) -> None:
    albums = [make_album(f"Album {number}", 1) for number in range(25)]
    api = serve(*albums, quota_mode="development")
    api.always("search", errors.bad_gateway, match=lambda request: request.query["offset"] == "20")

    ran = place.load(api)

    assert ran.code == 75
    assert ran.calls["search"] == 2 + 5
    assert place.count("new_releases") == 20
    assert place.places() == places_of(albums[:20])
    assert "the listing ended early" in ran.out


@pytest.mark.slow
def test_a_rate_limit_pauses_every_thread_and_is_no_failure(place: Place, serve: Serve, clock: FakeClock) -> None:
    albums = [make_album(f"Album {number}", 1) for number in range(30)]
    api = serve(*albums, quota_mode="development")
    api.script("album", None, None, None, errors.rate_limited(20))

    ran = place.load(api, env={"SOURCES__SPOTIFY__EXTRACT__WORKERS": "8"})

    assert ran.code == 0
    assert place.places() == places_of(albums)
    sent = [request for request in api.requests if request.bucket == "album"]
    limited = next(index for index, request in enumerate(sent) if request.status == 429)
    # What was on its way when the limit came arrives still; everything else comes after the pause.
    on_their_way = [request for request in sent[limited + 1 :] if request.at < sent[limited].at + 20]
    assert len(on_their_way) <= 8
    assert "1 retry" in ran.out


@pytest.mark.slow
def test_bare_rate_limits_without_end_close_the_bucket(place: Place, api: OfflineApi) -> None:
    api.always("album", errors.rate_limited_text(None))

    ran = place.load(api)

    assert ran.code == 75
    assert ran.calls["album"] <= 5 * 3
    assert "album was rate limited for too long" in ran.out
    assert place.count("new_releases") == 3


class InterruptedClock(FakeClock):
    """A clock on which somebody presses Ctrl-C during the first wait, and which then really waits."""

    woken: bool | None = None

    def __init__(self) -> None:
        super().__init__()
        self._first = threading.Lock()

    def wait(self, seconds: float, wake: threading.Event) -> None:
        """Send the signal, once: a second one ends the process. Then wait until woken."""
        if self._first.acquire(blocking=False):
            os.kill(os.getpid(), signal.SIGINT)
        self.woken = wake.wait(min(seconds, 30))


@pytest.mark.slow
def test_a_signal_wakes_a_pause_and_loads_what_is_there(serve: Serve, place: Place) -> None:
    albums = [make_album(f"Album {number}", 1) for number in range(3)]
    api = serve(*albums, quota_mode="development")
    api.always("album", errors.rate_limited(50), match=lambda request: not for_album(albums[0]["id"])(request))
    clock = InterruptedClock()

    ran = place.load(api, clock=clock)

    assert clock.woken
    assert ran.code == 75
    assert place.album_ids() == [albums[0]["id"]]
    assert "stopped by a signal" in ran.out
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.slow
@pytest.mark.parametrize(("quota_mode", "listed", "rate"), [("extended", 1500, 0.2), ("development", 300, 0.3)])
def test_eight_threads_in_chaos_end_with_complete_tables(
    place: Place, clock: FakeClock, quota_mode: str, listed: int, rate: float
) -> None:
    albums = [make_album(f"Album {number}", 60 if number % 50 == 0 else 1 + number % 2) for number in range(listed)]
    with OfflineApi(Catalogue.of(albums), quota_mode, clock=clock.now) as api:  # type: ignore[arg-type]
        api.chaos(seed=7, rate=rate)
        ran = place.load(api, env={"SOURCES__SPOTIFY__EXTRACT__WORKERS": "8"})

    assert ran.code == 0, ran.out + ran.err
    assert place.places() == places_of(albums)
    assert place.album_ids() == sorted(album["id"] for album in albums)
    assert place.count("new_releases") == listed
    assert place.one("SELECT count(*) FROM albums WHERE tracks_loaded <> total_tracks") == 0
    assert place.last_run()["retries"] > 0
