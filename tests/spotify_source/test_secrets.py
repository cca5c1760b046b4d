"""Secrets and tokens appear in no log, exception, output, file or table."""

from __future__ import annotations

import logging
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator

import pytest
from spotify_pipeline.offline_api import Album, OfflineApi, Reply, errors

from tests.support.apis import Serve
from tests.support.place import Place
from tests.support.warehouse import Warehouse

SECRET = "s3cret-0f-the-app-5d41402abc4b2a76"


@pytest.fixture
def all_logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Capture all loggers at their lowest level, and dlt's, which does not propagate."""
    names = ["", "dlt", "urllib3", "requests", "spotify_source"]
    before = {name: (logging.getLogger(name).level, logging.getLogger(name).propagate) for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger(name).propagate = True
    logging.getLogger("dlt").addHandler(caplog.handler)
    yield caplog
    logging.getLogger("dlt").removeHandler(caplog.handler)
    for name, (level, propagate) in before.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).propagate = propagate


def token_revoked(api: OfflineApi) -> None:
    api.script("albums", lambda *_: api.revoke_tokens(), None)


def unavailable(api: OfflineApi) -> None:
    api.always("browse", errors.bad_gateway)


def connection_reset(api: OfflineApi) -> None:
    api.always("browse", Reply(reset=True))


def token_rejected(api: OfflineApi) -> None:
    api.always("browse", errors.bad_token)


def credentials_rejected(api: OfflineApi) -> None:
    api.always("token", errors.invalid_client)


def credentials_quoted(api: OfflineApi) -> None:
    """Let the token endpoint return what it was sent."""
    api.always(
        "token", lambda request, _: Reply(400, {"error": "x", "error_description": request.headers["authorization"]})
    )


@pytest.mark.parametrize(
    "fault", [token_revoked, unavailable, connection_reset, token_rejected, credentials_rejected, credentials_quoted]
)
def test_secrets_and_tokens_appear_nowhere(
    warehouse: Warehouse,
    serve: Serve,
    three: list[Album],
    all_logs: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    fault: Callable[[OfflineApi], None],
) -> None:
    api = serve(*three, client_secret=SECRET)
    fault(api)
    raised = ""
    try:
        warehouse.load(api, client_secret=SECRET)
    except Exception as error:  # noqa: BLE001 - any error
        raised = "".join(traceback.format_exception(error)) + repr(error)
    assert bool(raised) is (fault is not token_revoked)

    printed = "".join(capfd.readouterr())
    logged = "\n".join(f"{record.getMessage()} {record.exc_text} {record.args}" for record in all_logs.records)
    assert logged
    basic = b64encode(f"demo:{SECRET}".encode()).decode()
    tokens = {request.headers.get("authorization", "").partition(" ")[2] for request in api.requests}
    assert basic in tokens
    files = {path: path.read_bytes() for path in warehouse.folder.rglob("*") if path.is_file()}
    for secret in {SECRET, basic, *tokens} - {""}:
        assert secret not in raised + printed + logged
        assert [path for path, content in files.items() if secret.encode() in content] == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", [None, errors.bad_gateway])
def test_password_in_a_url_is_not_shown(place: Place, serve: Serve, three: list[Album], fault: Reply | None) -> None:
    api = serve(*three, quota_mode="development")
    if fault is not None:
        api.always("search", fault)
    urls = {name: getattr(api, name).replace("://", "://someone:pa55word@") for name in ("api_url", "token_url")}
    for arguments in ([], ["--check"], ["--dry-run"]):
        ran = place.load(api, *arguments, **urls)
        assert (ran.code == 0) is (fault is None)
        assert "pa55word" not in ran.out + ran.err
