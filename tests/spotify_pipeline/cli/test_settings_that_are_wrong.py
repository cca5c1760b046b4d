"""What dlt says of a setting, over many lines, reaches a person as one sentence, the place to correct it, and a link."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from spotify_pipeline.offline_api import OfflineApi

from tests.support.place import Place


def ran_with_files(place: Place, *arguments: str, **files: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own, which reads these files in `.dlt`."""
    (place.folder / ".dlt").mkdir(exist_ok=True)
    for name, text in files.items():
        (place.folder / ".dlt" / f"{name}.toml").write_text(text, encoding="utf-8")
    return subprocess.run(
        place.command_line(*arguments),
        cwd=place.folder,
        env={**os.environ, **place.environment(None)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["secrets", "config"])
def test_a_file_that_is_not_toml_is_named_with_the_line(place: Place, name: str) -> None:
    ran = ran_with_files(place, **{name: "[sources.spotify]\nmarket = GB\n"})

    assert ran.returncode == 78
    said, guidance, link = ran.stderr.splitlines()
    assert str(Path(".dlt") / f"{name}.toml is not valid TOML") in said
    assert said.endswith("at line 2 col 9.")
    assert "Correct line 2 of that file" in guidance
    assert link.strip().startswith("https://")


@pytest.mark.parametrize(
    ("destination", "env", "said", "guidance"),
    [
        ("nosuch", {}, "dlt has no destination named 'nosuch'.", "Known destinations: athena, "),
        ("duckbd", {}, "dlt has no destination named 'duckbd'.", "Did you mean duckdb?"),
        (
            "postgres",
            {"DESTINATION__POSTGRES__CREDENTIALS": "postgresql://loader@localhost/db"},
            "Missing settings of the destination postgres: password.",
            (
                "under [destination.postgres.credentials] in .dlt/secrets.toml, or in the environment: "
                "DESTINATION__POSTGRES__CREDENTIALS__PASSWORD."
            ),
        ),
        (
            "filesystem",
            {},
            "Missing settings of the destination filesystem: bucket_url.",
            "DESTINATION__FILESYSTEM__BUCKET_URL",
        ),
    ],
)
def test_a_destination_that_is_not_configured_is_told_in_whole_sentences(
    place: Place, api: OfflineApi, destination: str, env: dict[str, str], said: str, guidance: str
) -> None:
    ran = place.load(api, "--destination", destination, env=env)

    assert ran.code == 78
    what, what_to_do, link = ran.err.splitlines()
    assert what == said
    assert guidance in what_to_do
    assert link.strip().startswith("https://dlthub.com/docs/dlt-ecosystem/destinations/")
    assert not api.requests


def test_a_setting_of_a_wrong_type_says_what_it_has_to_be_and_where_it_is_set(place: Place, api: OfflineApi) -> None:
    ran = place.load(api, limit="several")

    assert ran.code == 78
    assert ran.err.startswith(
        "limit must be a whole number, got 'several'.\n  Correct SOURCES__SPOTIFY__LIMIT in the env"
    )


@pytest.mark.slow
def test_a_setting_that_nothing_reads_is_said_with_the_one_that_was_meant(place: Place, api: OfflineApi) -> None:
    ran = place.load(api, "--resources", "new_releases", markets="GB")

    assert ran.code == 0
    assert ran.err == (
        "Unknown setting 'markets' in the environment (SOURCES__SPOTIFY__MARKETS): it has no effect. "
        "Did you mean 'market'?\n"
    )


@pytest.mark.slow
def test_a_key_that_nothing_reads_is_said_and_a_table_of_dlts_is_not(place: Place) -> None:
    config = "[sources.spotify]\ndaily_call = 5\nmax_table_nesting = 3\n[sources.spotify.extract]\nworkers = 2\n"
    ran = ran_with_files(place, "--demo", "--limit", "1", config=config)

    assert (ran.returncode, ran.stderr) == (
        0,
        (
            "Unknown setting 'daily_call' in [sources.spotify] of config.toml: it has no effect. "
            "Did you mean 'daily_calls'?\n"
        ),
    )
