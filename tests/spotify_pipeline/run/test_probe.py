"""Tests of the command probe: its calls, its end and its report."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from spotify_pipeline.cli.options import MANY_CALLS, parse_probe, probe_parser
from spotify_pipeline.cli.probe_command import run as probe
from spotify_pipeline.offline_api import OfflineApi, Reply, errors

from spotify_source.limits.governor import Clock
from tests.support.apis import calls_since
from tests.support.checkout import PROBE_PY
from tests.support.clock import FakeClock
from tests.support.place import Place


class Prober:
    """The command probe, run in this process."""

    def __init__(self, place: Place, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._place = place
        self._patch = patch
        self._capsys = capsys

    def __call__(self, api: OfflineApi, *arguments: str, clock: Clock | None = None, **settings: object) -> int:
        """Run the command and return its exit code, keeping its output and calls."""
        for name, value in self._place.environment(api, **settings).items():
            self._patch.setenv(name, value)
        before = api.calls
        options = parse_probe(arguments)
        code = probe(options, clock or self._place.clock)
        self.out, self.err = self._capsys.readouterr()
        self.calls = calls_since(api, before)
        return int(code)


@pytest.fixture
def prober(place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Prober:
    return Prober(place, monkeypatch, capsys)


def test_calls_are_made_at_the_interval(prober: Prober, api: OfflineApi, clock: FakeClock) -> None:
    assert prober(api, "--interval", "1.5", "--calls", "10") == 0

    assert prober.calls == Counter(search=10)
    assert clock.waits == [1.5] * 9
    assert "Requests: 10; 10 successful, 0 rate limited (429), 0 without a usable reply." in prober.out
    assert "Mean time between successful replies: 1.50 s." in prober.out
    assert "First Retry-After: none." in prober.out
    assert prober.err == ""


def test_reply_time_is_part_of_the_interval(prober: Prober, api: OfflineApi, clock: FakeClock) -> None:
    def slowly(_request: object, normal: Reply) -> Reply:
        clock.move(0.4)
        return normal

    api.always("search", slowly)
    prober(api, "--interval", "1", "--calls", "3")
    assert clock.waits == pytest.approx([0.6, 0.6])


def test_rate_limits_are_counted_and_waited_for(prober: Prober, api: OfflineApi, clock: FakeClock) -> None:
    api.rate_limit, api.rate_limit_retry_after = (4, 6.0), 3

    assert prober(api, "--calls", "8") == 0

    # Good at 0, 1, 2, 3, 7, 8, 9 s, and refused at 4.
    assert clock.waits == [1, 1, 1, 1, 3, 1, 1]
    assert prober.calls == Counter(search=8)
    assert "Requests: 8; 7 successful, 1 rate limited (429), 0 without a usable reply." in prober.out
    assert "Mean time between successful replies: 1.50 s." in prober.out
    assert "First Retry-After: 3 s, for a rate limit, at call 5." in prober.out


def test_a_rate_limit_without_retry_after_pauses_the_calls(prober: Prober, api: OfflineApi, clock: FakeClock) -> None:
    api.rate_limit, api.rate_limit_retry_after = (1, 4.0), None

    prober(api, "--calls", "3", "--interval", "0")

    assert clock.waits == [0, 1]
    assert prober.calls == Counter(search=3)
    assert "Call 3: 429 for a rate limit, no Retry-After." in prober.out


def test_a_spent_quota_ends_the_probe(prober: Prober, api: OfflineApi) -> None:
    api.quota["search"] = 3

    assert prober(api) == 75

    assert prober.calls == Counter(search=4)
    assert "First Retry-After: 48925 s, for a quota, at call 4." in prober.out
    assert "Stopped: the quota for search is spent." in prober.out


@pytest.mark.slow
def test_later_runs_respect_calls_and_quota_of_the_probe(prober: Prober, api: OfflineApi, place: Place) -> None:
    api.quota["search"] = 3
    prober(api)

    ran = place.load(api)

    assert ran.code == 75
    assert ran.calls["search"] == 0


@pytest.mark.parametrize(("seconds", "calls", "code"), [(60, 5, 0), (61, 2, 75)])
def test_a_retry_after_over_a_minute_ends_the_probe(
    prober: Prober, api: OfflineApi, seconds: int, calls: int, code: int
) -> None:
    api.rate_limit, api.rate_limit_retry_after = (1, 10.0), seconds

    assert prober(api, "--calls", "5") == code
    assert prober.calls == Counter(search=calls)


def test_the_number_of_calls_is_announced(prober: Prober, api: OfflineApi) -> None:
    prober(api, "--endpoint", "album", "--calls", "20", "--interval", "2")

    assert prober.out.startswith("This makes up to 20 calls to album and 1 call to search in 38 s")
    assert "600 calls a day" in prober.out.partition("Requests:")[0]
    assert prober.calls == Counter(search=1, album=20)


def test_more_than_200_calls_need_yes(prober: Prober, api: OfflineApi) -> None:
    assert prober(api, "--calls", str(MANY_CALLS + 1)) == 78
    assert api.requests == []
    assert "201 calls are more than 200." in prober.err
    assert "--yes" in prober.err

    assert prober(api, "--calls", str(MANY_CALLS + 1), "--yes") == 0
    assert prober.calls == Counter(search=MANY_CALLS + 1)


@pytest.mark.parametrize("endpoint", ["search", "browse", "album", "albums", "album_tracks"])
def test_each_endpoint_can_be_measured(prober: Prober, api: OfflineApi, endpoint: str) -> None:
    api.quota_mode = "extended"

    assert prober(api, "--endpoint", endpoint, "--calls", "2") == 0

    assert prober.calls[endpoint] == 2
    assert prober.calls.total() - 2 == (endpoint not in ("search", "browse"))
    assert {request.status for request in api.requests} == {200}


def test_ctrl_c_prints_the_measurement(prober: Prober, api: OfflineApi) -> None:
    class Interrupted(FakeClock):
        def wait(self, seconds: float, wake: threading.Event) -> None:
            if len(self.waits) == 2:
                raise KeyboardInterrupt
            super().wait(seconds, wake)

    assert prober(api, clock=Interrupted()) == 130
    assert "Requests: 3; 3 successful" in prober.out
    assert prober.err == ""


@pytest.mark.parametrize(("reply", "says"), [(errors.bad_gateway, "502"), (Reply(reset=True), "failed or was reset")])
def test_an_unusable_reply_ends_the_probe(prober: Prober, api: OfflineApi, reply: Reply, says: str) -> None:
    api.script("search", None, reply)

    assert prober(api) == 69

    assert "Requests: 2; 1 successful, 0 rate limited (429), 1 without a usable reply." in prober.out
    assert says in prober.err


@pytest.mark.parametrize(
    ("reply", "code", "says"), [(errors.premium_lapsed, 77, "Premium"), (None, 77, "may not call browse")]
)
def test_a_refusal_is_reported(prober: Prober, api: OfflineApi, reply: Reply | None, code: int, says: str) -> None:
    if reply is not None:
        api.always("browse", reply)

    assert prober(api, "--endpoint", "browse") == code
    assert says in prober.err
    assert "https://developer.spotify.com" in prober.err
    assert prober.calls == Counter(browse=1)


def test_rejected_credentials_are_reported_and_not_shown(prober: Prober, api: OfflineApi) -> None:
    assert prober(api, client_secret="not-the-secret-1234") == 78
    assert "Spotify refuses the client id or the client secret (400" in prober.err
    assert "dashboard" in prober.err
    assert "Traceback" not in prober.err
    assert "1234" not in prober.out + prober.err


def test_missing_credentials_are_reported(prober: Prober, api: OfflineApi) -> None:
    assert prober(api, client_secret=None) == 78
    assert "Missing credentials of the Spotify app: client_secret." in prober.err
    assert api.requests == []


def test_an_unreachable_token_endpoint_is_reported(prober: Prober, api: OfflineApi) -> None:
    assert prober(api, token_url="http://127.0.0.1:9/api/token") == 69
    assert "No token from http://127.0.0.1:9/api/token after 1 attempts" in prober.err


def test_a_spent_search_quota_leaves_no_album_to_probe(prober: Prober, api: OfflineApi) -> None:
    api.quota["search"] = 0

    assert prober(api, "--endpoint", "album") == 75
    assert "Stopped: the quota for search is spent." in prober.out


def test_redirects_are_not_followed(prober: Prober, api: OfflineApi) -> None:
    away = Reply(307, "", {"location": "http://127.0.0.1:9/v1/search"})
    api.always("search", away)

    assert prober(api) == 69
    assert "307" in prober.err


@pytest.mark.parametrize(
    ("arguments", "says"), [(["--cals", "3"], "--calls"), (["--interval", "-1"], "must be a number of seconds")]
)
def test_a_wrong_option_ends_with_78(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        probe_parser().parse_args(arguments)
    assert ended.value.code == 78
    assert says in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to another process")
def test_the_demo_meets_its_rate_limit_and_can_be_interrupted(place: Place, tmp_path: Path) -> None:
    command = [sys.executable, str(PROBE_PY), "--demo", "--interval", "0"]

    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**place.environment(client_id=None, client_secret=None), "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert any(line.startswith("Call 5: 429") for line in process.stdout)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Requests: 5; 4 successful, 1 rate limited (429)" in out
    assert err == ""
