"""What the source takes of dlt past its public API is still there and behaves: here a new dlt fails first.

Each test names the module of `spotify_source` that relies on it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import pytest
import requests
from dlt.common import json, jsonpath
from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.const import TYPE_EXAMPLES
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.destination.exceptions import DestinationUndefinedEntity, SqlClientNotAvailable
from dlt.common.pipeline import PipelineContext
from dlt.common.utils import chunks, digest128
from dlt.extract.items_transform import FilterItem
from dlt.sources.helpers.rest_client.auth import OAuth2ClientCredentials
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.helpers.rest_client.redaction import sanitize_url

from spotify_source.config import check_credentials
from spotify_source.errors import CredentialsError


@pytest.fixture
def pipeline(tmp_path: Path) -> dlt.Pipeline:
    """A pipeline into a DuckDB file of its own."""
    return dlt.pipeline(
        "contract",
        destination=dlt.destinations.duckdb(str(tmp_path / "contract.duckdb")),
        dataset_name="raw",
        pipelines_dir=str(tmp_path / "pipelines"),
    )


# -- loaded_state


def test_a_resource_finds_the_pipeline_that_runs_it_and_its_tables(pipeline: dlt.Pipeline) -> None:
    pipeline.run([{"id": "one"}], table_name="albums")
    seen: list[Any] = []

    @dlt.resource
    def asking() -> Iterator[Any]:
        context = Container()[PipelineContext]
        seen.append((context.is_active(), context.pipeline() is pipeline))
        with context.pipeline().sql_client() as client:  # type: ignore[attr-defined]
            name = client.make_qualified_table_name
            seen.extend(client.execute_sql(f"SELECT id FROM {name('albums')}"))
            with pytest.raises(DestinationUndefinedEntity):
                client.execute_sql(f"SELECT id FROM {name('nowhere')}")
        yield []

    pipeline.extract(asking())
    assert seen == [(True, True), ("one",)]


def test_a_resource_finds_what_will_be_dropped_and_may_keep_it(pipeline: dlt.Pipeline) -> None:
    seen: list[Any] = []

    @dlt.resource(write_disposition="append")
    def kept() -> Iterator[Any]:
        resources, state = dlt.current.source().resources, dlt.current.load_package_state()["state"]
        seen.extend(table["name"] for table in state.get("dropped_tables", ()))
        seen.append([isinstance(step, FilterItem) for step in resources["kept"]._pipe.steps])
        state["dropped_tables"] = []
        yield {"id": "one"}

    @dlt.source
    def two() -> Any:
        return kept

    source = two()
    source.kept.add_filter(lambda row: row is not None)
    pipeline.run(source)
    pipeline.run(two(), refresh="drop_sources")

    assert seen == [[False, True], "kept", [False]]
    with pipeline.sql_client() as client:
        assert client.execute_sql("SELECT count(*) FROM kept") == [(2,)]


def test_a_destination_without_sql_says_so(tmp_path: Path) -> None:
    silent = dlt.pipeline("silent", destination="dummy", pipelines_dir=str(tmp_path))
    with pytest.raises(SqlClientNotAvailable):
        silent.sql_client()


# -- api


def test_client_credentials_ask_by_the_methods_that_are_replaced() -> None:
    asked = inspect.getsource(OAuth2ClientCredentials.obtain_token)
    for name in ("build_access_token_request", "parse_access_token", "parse_expiration_in_seconds", "is_token_expired"):
        assert callable(getattr(OAuth2ClientCredentials, name))
    assert "self.session.post(self.access_token_url" in asked
    made = OAuth2ClientCredentials(
        access_token_url="http://127.0.0.1:9/token",
        client_id="id",
        client_secret="secret",
        session=requests.Session(),  # type: ignore[arg-type]
    )
    assert made.access_token is None


def test_a_rest_client_pages_with_a_session_a_paginator_a_compiled_selector_and_no_hooks() -> None:
    parameters = inspect.signature(RESTClient.paginate).parameters
    assert {"path", "params", "paginator", "data_selector", "hooks"} <= parameters.keys()
    assert {"base_url", "auth", "session"} <= inspect.signature(RESTClient).parameters.keys()
    found = jsonpath.find_values(jsonpath.compile_path("albums.items"), {"albums": {"items": [1, None]}})
    assert found == [[1, None]]


def test_a_paginator_is_asked_by_these_three_methods() -> None:
    for name in ("init_request", "update_state", "update_request"):
        assert callable(getattr(BasePaginator, name))
    assert isinstance(BasePaginator.has_next_page, property)


def test_an_address_loses_its_secrets() -> None:
    assert "hidden" not in sanitize_url("https://example.com/token?access_token=hidden")


# -- steps/rows, resources


def test_the_hash_of_a_row_is_the_one_that_stands_in_databases() -> None:
    assert digest128(json.dumps({"name": "Élan", "id": 1}, sort_keys=True)) == "GfqRm38I2YHLcQT7gpOr"


def test_chunks_are_lists_of_at_most_so_many() -> None:
    assert [list(chunk) for chunk in chunks(range(5), 2)] == [[0, 1], [2, 3], [4]]


# -- connection


@configspec
class Settings(BaseConfiguration):
    """Two settings, as a source has them."""

    market: str = "US"
    limit: int | None = None


def test_settings_resolve_from_the_environment_unless_they_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__SPOTIFY__MARKET", "GB")
    monkeypatch.setenv("SOURCES__SPOTIFY__LIMIT", "5")

    found = resolve_configuration(Settings(), sections=("sources", "spotify"), explicit_value={"limit": 7})

    assert (found.market, found.limit) == ("GB", 7)


# -- options


def test_what_dlt_init_writes_for_a_text_is_what_is_taken_for_a_placeholder() -> None:
    with pytest.raises(CredentialsError, match="still the placeholder"):
        check_credentials(TYPE_EXAMPLES["text"], "demo")
