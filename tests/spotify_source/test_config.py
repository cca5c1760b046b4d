"""Settings of the source: resolution, validation and the watchlist."""

from __future__ import annotations

import inspect
import pickle
import string
from pathlib import Path
from typing import Any

import pytest
from dlt.common.configuration.exceptions import ConfigFieldMissingException
from dlt.common.typing import TSecretStrValue
from hypothesis import given
from hypothesis import strategies as st
from spotify_pipeline.cli.options import RESOURCES

import spotify_source
from spotify_source import Run, schema
from spotify_source.config import SpotifyConfiguration, check_url, connect, parse_artists, resolve
from spotify_source.errors import BucketClosedError, ClosedReason, ConfigurationError
from spotify_source.models import WatchEntry

ID = "4tZwfgrHOc3mvqYlEYSvVi"


def test_arguments_of_the_source_are_its_settings() -> None:
    arguments = inspect.signature(spotify_source.spotify_source).parameters
    settings = SpotifyConfiguration()
    names = [name for name in arguments if name != "run"]
    assert names == list(SpotifyConfiguration.__dataclass_fields__)[-len(names) :]
    assert names[0] == "client_id"
    for name in names[2:]:
        assert arguments[name].default == getattr(settings, name), name


def test_arguments_take_precedence_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CLIENT_ID": "me", "CLIENT_SECRET": "secret", "MARKET": "SE", "DAILY_CALLS": "7"}.items():
        monkeypatch.setenv(f"SOURCES__SPOTIFY__{name}", value)
    found = resolve(market="GB")
    assert (found.client_id, found.market, found.daily_calls) == ("me", "GB", 7)


def test_missing_settings_are_named() -> None:
    with pytest.raises(ConfigFieldMissingException) as caught:
        resolve(market="GB")
    assert caught.value.fields == ["client_id", "client_secret"]


@pytest.mark.parametrize(
    ("setting", "value", "valid"),
    [
        ("market", "us, GB,US", {"markets": ("US", "GB")}),
        ("market", '["US", "GB"]', {"markets": ("US", "GB")}),
        ("only_types", "Album, ep,album", {"only_types": ("album", "ep")}),
        ("only_types", '["single"]', {"only_types": ("single",)}),
        ("only_types", " ", {"only_types": ()}),
    ],
)
def test_lists_are_written_with_commas_or_as_json(setting: str, value: str, valid: dict[str, object]) -> None:
    options = connect(configuration(**{setting: value}), Run()).options
    assert {name: getattr(options, name) for name in valid} == valid


@pytest.mark.parametrize(
    ("values", "summary"),
    [
        ({"market": "US,UK"}, "Unknown market 'UK'"),
        ({"market": "[7]"}, "Unknown market '7'"),
        ({"market": "[]"}, "No market is set"),
        ({"market": '["US", GB]'}, "market is not a list"),
        ({"market": "US,GB", "discovery": "browse"}, "several markets are set"),
        ({"discovery": "guess"}, "discovery must be one of 'auto', 'browse', 'search', got 'guess'"),
        ({"paging": "page"}, "paging must be one of"),
        ({"only_types": "album,lp"}, "only_types must be one of"),
        ({"limit": 0}, "limit must be 1 or more, got 0"),
        ({"max_wait": -1}, "max_wait must be 0 or more"),
        ({"artist_calls": -1}, "artist_calls must be 0 or more"),
        ({"requests_per_second": float("nan")}, "requests_per_second must be 0 or more, got nan"),
        ({"requests_per_second": float("inf")}, "requests_per_second must be a finite number"),
        ({"client_id": "  "}, "client_id is empty"),
        ({"client_secret": "<configure me>"}, "client_secret is still the placeholder of dlt init"),
        ({"token_url": "ftp://host/"}, "token_url is not an http"),
        ({"artists": '["Mono", null]'}, "artists, line 2: None is not a text"),
        ({"artists": "[7]"}, "artists, line 1: 7 is not a text"),
        ({"artists": '["Mono"'}, "artists is not a list"),
    ],
)
def test_invalid_setting_is_named(values: dict[str, Any], summary: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connect(configuration(**values), Run())
    assert summary in caught.value.summary


def configuration(**values: Any) -> SpotifyConfiguration:
    return SpotifyConfiguration(**{"client_id": "demo", "client_secret": TSecretStrValue("demo"), **values})


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://api.spotify.com/v1/", "https://api.spotify.com/v1/"),
        (" https://a:b@api.test:8080/v1/ ", "https://api.test:8080/v1/"),
        ("https://a:b@c@api.test/v1/", "https://api.test/v1/"),
        ("https://api.test/v1/@me?x=@y", "https://api.test/v1/@me?x=@y"),
    ],
)
def test_url_is_used_without_user_and_password(url: str, clean: str) -> None:
    assert check_url("api_url", url) == clean


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a:pa55word@host/",
        "http://a:pa/55word@host",
        "a:pa55word@host",
        "http://a:pa55word@[x",
        "http://x:pa55word@",
    ],
)
def test_message_about_an_invalid_url_shows_no_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_url("api_url", url)
    assert "55word" not in str(caught.value)


@pytest.mark.parametrize("reason", ClosedReason)
def test_closed_bucket_survives_a_pickle(reason: ClosedReason) -> None:
    error = BucketClosedError("album", reason, 1.5)
    again = pickle.loads(pickle.dumps(error))
    assert (again.bucket, again.reason, again.until, again.summary) == ("album", reason, 1.5, error.summary)


def test_command_line_has_all_resources_of_the_source() -> None:
    source = spotify_source.spotify_source(client_id="x", client_secret="x")
    assert set(RESOURCES) == set(source.selected_resources)
    assert {*RESOURCES, schema.LOAD_RUNS.name} == {table.name for table in schema.TABLES}


# -- watchlist


@pytest.mark.parametrize(
    "line",
    [
        ID,
        f"  {ID}\t",
        f"spotify:artist:{ID}",
        f"https://open.spotify.com/artist/{ID}",
        f"https://open.spotify.com/intl-de/artist/{ID}?si=x#top",
        f"open.spotify.com/artist/{ID}/",
        f"https://open.spotify.com/artist/{ID}/discography/all?si=x",
        f"spotify:artist:{ID}?si=0a1b2c3d",
        f"{ID} # the good one",
    ],
)
def test_artist_is_an_id_a_uri_or_a_link(line: str) -> None:
    assert parse_artists([line]) == (WatchEntry(artist_id=ID),)


@pytest.mark.parametrize("name", ["!!!", "Band #1", "AC/DC", "K. Flay", "Sunn O)))", "C# Major", 'The "X" Band'])
def test_other_texts_are_names(name: str) -> None:
    assert parse_artists([name]) == (WatchEntry(name=name),)


def test_comments_empty_lines_and_duplicates_are_skipped() -> None:
    lines = ["# my artists", "#1", "", ID, "   # more", "Some Band # live!", f"spotify:artist:{ID}", "Some  Band"]
    assert parse_artists(lines) == (WatchEntry(artist_id=ID), WatchEntry(name="Some Band"))


def test_names_are_composed() -> None:
    assert parse_artists(["Zoe\u0308", "Zo\u00eb"]) == (WatchEntry(name="Zo\u00eb"),)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (f"https://open.spotify.com/album/{ID}", "not an artist, but of the kind 'album'"),
        (f"spotify:track:{ID}", "not an artist, but of the kind 'track'"),
        ("https://open.spotify.com/artist/short", "not the address of an artist"),
        ("https://example.com/artist", "not the address of an artist"),
        (f"{ID};Mono", "more than an id"),
        ("x" * 251, "longer than any name"),
        ('"""', "not a name that can be searched for"),
        ("Mo\x00no", "not a name that can be searched for"),
    ],
)
def test_invalid_entry_is_named_with_its_line(line: str, error: str) -> None:
    with pytest.raises(ConfigurationError, match="artists, line 2") as caught:
        parse_artists(["# comment", line])
    assert error in caught.value.summary


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_watchlist_is_a_file_a_list_or_json(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "artists.txt"
    file.write_bytes(f"# mine\r\nZoë\r\n{ID}".encode(encoding))
    expected = (WatchEntry(name="Zoë"), WatchEntry(artist_id=ID))
    assert parse_artists(str(file)) == parse_artists(["Zoë", ID]) == parse_artists(f'["Zoë", "{ID}"]') == expected


@pytest.mark.parametrize("value", [None, "", " ", []])
def test_watchlist_may_be_empty(value: str | list[str] | None) -> None:
    assert parse_artists(value) == ()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, "can't be read: No such file or directory"),
        (b"\xff\xfe\x00", "line 1: not UTF-16"),
        ("# mine\r\nZo\u00eb\r\n".encode("latin-1"), "line 2: not UTF-8"),
        (b"# no one\n\n", "names no artist"),
    ],
)
def test_unusable_file_is_named(tmp_path: Path, content: bytes | None, error: str) -> None:
    file = tmp_path / "artists.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"artists\.txt") as caught:
        parse_artists(str(file))
    assert error in caught.value.summary
    with pytest.raises(ConfigurationError, match="can't be read"):
        parse_artists(str(tmp_path))


ids = st.text(string.ascii_letters + string.digits, min_size=22, max_size=22)
names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"], exclude_characters="#:/"),
    min_size=1,
    max_size=21,
)


@given(st.lists(ids.map(lambda one: (one, WatchEntry(artist_id=one))) | names.map(lambda one: (one, None))))
def test_entries_are_found_once_and_in_order(entries: list[tuple[str, WatchEntry | None]]) -> None:
    found = parse_artists([text for text, _ in entries])
    assert len(set(found)) == len(found) <= len(entries)
    by_id = dict.fromkeys(entry for _, entry in entries if entry)
    assert [entry for entry in found if entry in by_id] == list(by_id)
