"""Secrets and tokens stay where they belong: in no log, no exception, no file and no table."""

from __future__ import annotations

import logging
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from spotify_pipeline.offline_api import Album, OfflineApi, Reply, errors

from tests.support.apis import Serve
from tests.support.warehouse import Warehouse

SECRET = "s3cret-0f-the-app-5d41402abc4b2a76"


@pytest.fixture
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Every logger at its lowest level, dlt's own included, which does not propagate."""
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


def revoked(api: OfflineApi) -> None:
    """A token ends early, and all goes well in the end."""
    api.script("albums", lambda *_: api.revoke_tokens(), None)


def failing(api: OfflineApi) -> None:
    api.always("browse", errors.bad_gateway)


def reset(api: OfflineApi) -> None:
    api.always("browse", Reply(reset=True))


def token_refused(api: OfflineApi) -> None:
    api.always("browse", errors.bad_token)


def credentials_refused(api: OfflineApi) -> None:
    api.always("token", errors.invalid_client)


def token_unavailable(api: OfflineApi) -> None:
    api.always("token", errors.token_upstream_text)


def premium_lapsed(api: OfflineApi) -> None:
    api.always("browse", errors.premium_lapsed)


def echoing(api: OfflineApi) -> None:
    """A token endpoint that repeats what it was sent."""
    api.always(
        "token", lambda request, _: Reply(400, {"error": "x", "error_description": request.headers["authorization"]})
    )


@pytest.mark.parametrize(
    "trouble",
    [revoked, failing, reset, token_refused, credentials_refused, token_unavailable, premium_lapsed, echoing],
)
def test_secrets_and_tokens_are_written_nowhere(
    warehouse: Warehouse,
    serve: Serve,
    three: list[Album],
    everything_is_logged: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    trouble: Callable[[OfflineApi], None],
) -> None:
    api = serve(*three, client_secret=SECRET)
    trouble(api)
    said = ""
    try:
        warehouse.load(api, client_secret=SECRET)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not tell
        said = "".join(traceback.format_exception(error)) + repr(error)
    assert bool(said) is (trouble is not revoked)

    printed = "".join(capfd.readouterr())
    logged = "\n".join(
        f"{record.getMessage()} {record.exc_text} {record.args}" for record in everything_is_logged.records
    )
    assert logged
    basic = b64encode(f"demo:{SECRET}".encode()).decode()
    tokens = {request.headers.get("authorization", "").partition(" ")[2] for request in api.requests}
    secrets = {SECRET, basic, *tokens} - {""}
    assert basic in tokens
    files = [path for path in warehouse.folder.rglob("*") if path.is_file()]
    for secret in secrets:
        assert secret not in said
        assert secret not in printed
        assert secret not in logged
        assert [path for path in files if secret.encode() in read(path)] == []


def read(path: Path) -> bytes:
    return path.read_bytes()
