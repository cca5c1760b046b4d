"""Test that no output of the command and no file has the secret or a token."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode

import pytest
from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, OfflineApi, Reply, errors

from tests.support.checkout import CHECKOUT
from tests.support.place import Place

CLIENT, SECRET = "client-of-the-test", "secret-of-the-test"
# Two runs, one refused and one not, with the log of every library.
SCRIPT = (
    "import logging, sys; logging.basicConfig(level=logging.DEBUG);"
    "from spotify_pipeline.cli.main import main; print(main(sys.argv[1:]), main(sys.argv[1:]))"
)


@pytest.mark.slow
def test_no_secret_is_in_any_output_or_file(place: Place, three: list[Album]) -> None:
    tokens: list[str] = []

    def keep_token(_request: LoggedRequest, normal: Reply) -> None:
        if isinstance(normal.body, dict) and "access_token" in normal.body:
            tokens.append(str(normal.body["access_token"]))

    with OfflineApi(Catalogue.of(three), "development", CLIENT, SECRET) as api:
        api.always("token", keep_token)
        api.script("search", errors.premium_lapsed)
        api.script("album", errors.bad_token, Reply(reset=True), errors.bad_gateway)
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT, "load", *place.arguments("--log-level", "DEBUG")],
            cwd=CHECKOUT,
            env={**os.environ, **place.environment(api, client_id=CLIENT, client_secret=SECRET)},
            capture_output=True,
            check=False,
        )

    assert ran.stdout.splitlines()[-1] == b"77 0", ran.stderr[-2000:]
    assert b"DEBUG" in ran.stderr
    secrets = [SECRET, b64encode(f"{CLIENT}:{SECRET}".encode()).decode(), *tokens]
    assert len(secrets) == 2 + 3
    texts = {"standard output": ran.stdout, "standard error": ran.stderr}
    texts |= {str(path): path.read_bytes() for path in place.files()}
    assert [(secret, name) for secret in secrets for name, text in texts.items() if secret.encode() in text] == []
