"""The settings of the source: declared once, found by dlt, and the same for the source and for the commands."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path

import pytest
from dlt.common.configuration.exceptions import ConfigFieldMissingException
from spotify_pipeline.cli.options import RESOURCES

import spotify_source
from spotify_source import schema
from spotify_source.config import SpotifyConfiguration, resolve
from spotify_source.errors import BucketClosedError, ClosedReason


def test_the_arguments_of_the_source_are_its_settings() -> None:
    arguments = inspect.signature(spotify_source.spotify_source).parameters
    settings = SpotifyConfiguration()
    named = [name for name in arguments if name != "run"]
    assert named == list(SpotifyConfiguration.__dataclass_fields__)[-len(named) :]
    assert named[0] == "client_id"
    for name in arguments:
        if name not in ("run", "client_id", "client_secret"):
            assert arguments[name].default == getattr(settings, name), name


def test_settings_come_from_the_environment_and_an_argument_goes_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CLIENT_ID": "me", "CLIENT_SECRET": "secret", "MARKET": "SE", "DAILY_CALLS": "7"}.items():
        monkeypatch.setenv(f"SOURCES__SPOTIFY__{name}", value)
    found = resolve(market="GB")
    assert (found.client_id, found.market, found.daily_calls) == ("me", "GB", 7)


def test_settings_that_are_nowhere_are_named() -> None:
    with pytest.raises(ConfigFieldMissingException) as caught:
        resolve(market="GB")
    assert caught.value.fields == ["client_id", "client_secret"]


@pytest.mark.parametrize("reason", ClosedReason)
def test_a_closed_bucket_can_be_pickled(reason: ClosedReason) -> None:
    error = BucketClosedError("album", reason, 1.5)
    again = pickle.loads(pickle.dumps(error))
    assert (again.bucket, again.reason, again.until, again.summary) == ("album", reason, 1.5, error.summary)


def test_the_source_is_imported_without_what_only_the_application_needs() -> None:
    source = Path(spotify_source.__file__).parent
    imported = {line for file in source.rglob("*.py") for line in file.read_text(encoding="utf-8").splitlines()}
    for other in ("spotify_pipeline", "duckdb", "filelock", "rich", "jinja2"):
        assert not any(line.strip().startswith((f"import {other}", f"from {other}")) for line in imported), other


def test_the_resources_that_the_command_line_knows_are_those_of_the_source() -> None:
    source = spotify_source.spotify_source(client_id="x", client_secret="x")
    assert set(RESOURCES) == set(source.selected_resources)
    assert set(RESOURCES) == {table.name for table in schema.RESOURCES}
