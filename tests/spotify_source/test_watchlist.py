"""The watchlist as people write it: what an entry may be, what is a comment, and what is refused."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spotify_source.config import parse_artists, parse_lines
from spotify_source.errors import ConfigurationError
from spotify_source.models import WatchEntry

ID = "4tZwfgrHOc3mvqYlEYSvVi"
ids = st.text(string.ascii_letters + string.digits, min_size=22, max_size=22)
names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"], exclude_characters="#:/"),
    min_size=1,
    max_size=21,
)


@pytest.mark.parametrize(
    "line",
    [
        ID,
        f"  {ID}\t",
        f"spotify:artist:{ID}",
        f"https://open.spotify.com/artist/{ID}",
        f"https://open.spotify.com/artist/{ID}?si=0a1b2c3d4e5f6a7b",
        f"https://open.spotify.com/intl-de/artist/{ID}?si=x#top",
        f"open.spotify.com/artist/{ID}/",
        f"https://open.spotify.com/artist/{ID}/discography/all?si=x",
        f"spotify:artist:{ID}?si=0a1b2c3d",
        f"{ID} # the good one",
    ],
)
def test_an_artist_may_be_named_by_id_uri_or_address(line: str) -> None:
    assert parse_lines([line], "artists") == (WatchEntry(artist_id=ID),)


@pytest.mark.parametrize("name", ["!!!", "Band #1", "AC/DC", "K. Flay", "Sunn O)))", "C# Major", 'The "X" Band'])
def test_what_is_no_id_and_no_address_is_a_name(name: str) -> None:
    assert parse_lines([name], "artists") == (WatchEntry(name=name),)


def test_comments_and_empty_lines_are_left_out_and_no_artist_stands_twice() -> None:
    lines = ["# my artists", "", ID, "   # more", "Some Band # live!", f"spotify:artist:{ID}", "Some  Band"]
    assert parse_lines(lines, "artists") == (WatchEntry(artist_id=ID), WatchEntry(name="Some Band"))


def test_a_name_is_the_same_however_its_accents_are_typed() -> None:
    assert parse_lines(["Zoe\u0308"], "artists") == parse_lines(["Zo\u00eb"], "artists")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"https://open.spotify.com/album/{ID}", "not an artist, but of the kind 'album'"),
        (f"spotify:track:{ID}", "not an artist, but of the kind 'track'"),
        ("https://open.spotify.com/artist/short", "not the address of an artist"),
        ("https://example.com/artist", "not the address of an artist"),
        (f"{ID};Mono", "more than an id"),
        ("x" * 251, "longer than any name"),
        ('"""', "not a name that can be searched for"),
        ("Mo\x00no", "not a name that can be searched for"),
        ("Mo\x07no", "not a name that can be searched for"),
    ],
)
def test_an_address_of_something_else_is_refused_with_its_line(line: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match="artists, line 2") as refused:
        parse_lines(["# comment", line], "artists")
    assert said in refused.value.summary


def test_the_list_may_be_a_file_a_list_or_json(tmp_path: Path) -> None:
    file = tmp_path / "artists.txt"
    file.write_bytes("\ufeff# mine\r\nZoë\r\n".encode() + ID.encode())
    expected = (WatchEntry(name="Zoë"), WatchEntry(artist_id=ID))
    assert parse_artists(str(file)) == parse_artists(["Zoë", ID]) == parse_artists(f'["Zoë", "{ID}"]') == expected
    assert parse_artists(None) == parse_artists("") == parse_artists([]) == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "can't be read: No such file or directory"),
        (b"\xff\xfe\x00", "line 1: not UTF-16"),
        ("# mine\r\nZo\u00eb\r\n".encode("latin-1"), "line 2: not UTF-8"),
        (b"", "names no artist"),
        (b"# nobody\n\n", "names no artist"),
    ],
)
def test_a_file_that_is_not_there_or_names_nobody_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "artists.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"artists\.txt") as refused:
        parse_artists(str(file))
    assert said in refused.value.summary


def test_a_folder_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        parse_artists(str(tmp_path))


def test_a_file_as_windows_writes_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "artists.txt"
    file.write_bytes(f"# mine\r\nZo\u00eb\r\n{ID}\r\n".encode("utf-16"))
    assert parse_artists(str(file)) == (WatchEntry(name="Zo\u00eb"), WatchEntry(artist_id=ID))


@pytest.mark.parametrize("value", ['["Mono", null]', "[7]", '["Mono"', ["Mono", None]])
def test_a_list_holds_texts_alone(value: object) -> None:
    with pytest.raises(ConfigurationError, match="artists"):
        parse_artists(value)  # type: ignore[arg-type]


def test_ten_thousand_lines_are_read(tmp_path: Path) -> None:
    file = tmp_path / "artists.txt"
    file.write_text("\n".join(f"Artist {number}" for number in range(10_000)), encoding="utf-8")
    assert len(parse_artists(str(file))) == 10_000


@given(st.lists(st.one_of(ids.map(lambda one: (one, WatchEntry(artist_id=one))), names.map(lambda one: (one, None)))))
def test_whatever_stands_in_the_list_is_found_once_and_in_order(entries: list[tuple[str, WatchEntry | None]]) -> None:
    found = parse_lines([text for text, _ in entries], "artists")
    assert len(set(found)) == len(found) <= len(entries)
    by_id = [entry for _, entry in entries if entry]
    assert [entry for entry in found if entry.artist_id in {one.artist_id for one in by_id}] == list(
        dict.fromkeys(by_id)
    )
