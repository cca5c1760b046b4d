"""Client secret, tokens and the Basic header are in no output at any log level, and in no file."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, OfflineApi, Reply, errors

from tests.support.checkout import CHECKOUT
from tests.support.place import Place

CLIENT, SECRET = "client-of-the-test", "secret-of-the-test"
# As noisy as it gets: everything that any library logs, of a run that is refused and of one that is not.
NOISY = (
    "import logging, sys; logging.basicConfig(level=logging.DEBUG);"
    "from spotify_pipeline.cli.main import main; print(main(sys.argv[1:]), main(sys.argv[1:]))"
)


def test_no_secret_is_in_any_output_or_file(tmp_path: Path, three: list[Album]) -> None:
    place = Place(tmp_path)
    tokens: list[str] = []

    def note(_request: LoggedRequest, normal: Reply) -> None:
        if isinstance(normal.body, dict) and "access_token" in normal.body:
            tokens.append(str(normal.body["access_token"]))

    with OfflineApi(Catalogue.of(three), "development", CLIENT, SECRET) as api:
        api.always("token", note)
        api.script("search", errors.premium_lapsed)
        api.script("album", errors.bad_token, Reply(reset=True), errors.bad_gateway)
        ran = subprocess.run(
            [sys.executable, "-c", NOISY, "load", *place.arguments("--log-level", "DEBUG")],
            cwd=CHECKOUT,
            env={**os.environ, **place.environment(api, client_id=CLIENT, client_secret=SECRET)},
            capture_output=True,
            check=False,
        )

    assert ran.stdout.splitlines()[-1] == b"77 0", ran.stderr[-2000:]
    assert b"DEBUG" in ran.stderr
    secrets = [SECRET, b64encode(f"{CLIENT}:{SECRET}".encode()).decode(), *tokens]
    assert len(secrets) == 2 + 3
    places = {"standard output": ran.stdout, "standard error": ran.stderr}
    places |= {str(path): path.read_bytes() for path in place.files()}
    assert [(secret, where) for secret in secrets for where, text in places.items() if secret.encode() in text] == []
