"""Tests of the defaults that the application registers with dlt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from spotify_pipeline.offline_api import OfflineApi

from tests.support.checkout import CHECKOUT
from tests.support.place import Place

RUN = """
import json, sys
import dlt
from spotify_pipeline.dlt_internals.dlt_config import register_defaults
from spotify_source import spotify_source

register_defaults()
register_defaults()
pipeline = dlt.pipeline("spotify", destination=dlt.destinations.duckdb("spotify.duckdb"), dataset_name="spotify_raw")
pipeline.run(spotify_source(discovery="search").with_resources("new_releases"))
found = {}
for value in pipeline.last_trace.resolved_config_values:
    found.setdefault(".".join([*value.sections, value.key]), []).append([value.value, value.provider_name])
json.dump(found, sys.stdout)
"""


def resolved(place: Place, api: OfflineApi, **environment: str) -> dict[str, list[object]]:
    """Return the settings that a run used, each with its value and provider."""
    path = os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "pipelines")])
    ran = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=place.folder,
        env={**os.environ, **place.environment(api), "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return {name: values[0] for name, values in json.loads(ran.stdout).items()}


@pytest.mark.slow
def test_defaults_apply_without_configuration(place: Place, api: OfflineApi) -> None:
    found = {name: value for name, (value, provider) in resolved(place, api).items() if provider == "spotify_pipeline"}

    assert found == {
        "sources.spotify.extract.workers": 8,
        "sources.spotify.extract.max_parallel_items": 16,
        "data_writer.buffer_max_items": 500,
        "data_writer.disable_compression": True,
        "load.workers": 2,
    }


@pytest.mark.slow
def test_config_toml_and_environment_override_defaults_in_any_section(
    place: Place, api: OfflineApi, tmp_path: Path
) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text("[extract]\nworkers = 3\n\n[data_writer]\nbuffer_max_items = 50\n")

    found = resolved(place, api, LOAD__WORKERS="5", NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION="false")

    assert found["extract.workers"] == [3, "config.toml"]
    assert found["data_writer.buffer_max_items"] == [50, "config.toml"]
    assert found["load.workers"] == ["5", "Environment Variables"]
    assert found["normalize.data_writer.disable_compression"] == ["false", "Environment Variables"]
    assert "sources.spotify.extract.workers" not in found
