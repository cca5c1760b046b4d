"""Features of dlt outside its public API that the source relies on.

Each test names the module of `spotify_source` that relies on it. A new version of dlt fails here first.
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
from dlt.common.configuration.const import TYPE_EXAMPLES
from dlt.common.configuration.container import Container
from dlt.common.destination.exceptions import DestinationUndefinedEntity, SqlClientNotAvailable
from dlt.common.pipeline import PipelineContext
from dlt.common.utils import digest128
from dlt.extract.items_transform import FilterItem
from dlt.sources.helpers.rest_client.auth import OAuth2ClientCredentials
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.helpers.rest_client.redaction import sanitize_url

from spotify_source.config import check_credentials
from spotify_source.errors import CredentialsError


@pytest.fixture
def pipeline(tmp_path: Path) -> dlt.Pipeline:
    """Return a pipeline into a DuckDB file of its own."""
    return dlt.pipeline(
        "contract",
        destination=dlt.destinations.duckdb(str(tmp_path / "contract.duckdb")),
        dataset_name="raw",
        pipelines_dir=str(tmp_path / "pipelines"),
    )


# -- loaded_state


def test_a_resource_can_read_the_tables_of_its_pipeline(pipeline: dlt.Pipeline) -> None:
    pipeline.run([{"id": "one"}], table_name="albums")
    seen: list[Any] = []

    @dlt.resource
    def reading() -> Iterator[Any]:
        context = Container()[PipelineContext]
        seen.append((context.is_active(), context.pipeline() is pipeline))
        with context.pipeline().sql_client() as client:  # type: ignore[attr-defined]
            name = client.make_qualified_table_name
            seen.extend(client.execute_sql(f"SELECT id FROM {name('albums')}"))
            with pytest.raises(DestinationUndefinedEntity):
                client.execute_sql(f"SELECT id FROM {name('nowhere')}")
        yield []

    pipeline.extract(reading())
    assert seen == [(True, True), ("one",)]


def test_a_resource_can_keep_tables_from_being_dropped(pipeline: dlt.Pipeline) -> None:
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


def test_a_destination_without_sql_raises(tmp_path: Path) -> None:
    silent = dlt.pipeline("silent", destination="dummy", pipelines_dir=str(tmp_path))
    with pytest.raises(SqlClientNotAvailable):
        silent.sql_client()


# -- api/auth, api/client, api/paginators, api/transport


def test_client_credentials_call_the_overridden_methods() -> None:
    source = inspect.getsource(OAuth2ClientCredentials.obtain_token)
    for name in ("build_access_token_request", "parse_access_token", "parse_expiration_in_seconds", "is_token_expired"):
        assert callable(getattr(OAuth2ClientCredentials, name))
    assert "self.session.post(self.access_token_url" in source
    made = OAuth2ClientCredentials(
        access_token_url="http://127.0.0.1:9/token",
        client_id="id",
        client_secret="secret",
        session=requests.Session(),  # type: ignore[arg-type]
    )
    assert made.access_token is None


def test_a_rest_client_takes_a_session_and_a_compiled_selector() -> None:
    parameters = inspect.signature(RESTClient.paginate).parameters
    assert {"path", "params", "paginator", "data_selector", "hooks"} <= parameters.keys()
    assert {"base_url", "auth", "session"} <= inspect.signature(RESTClient).parameters.keys()
    found = jsonpath.find_values(jsonpath.compile_path("albums.items"), {"albums": {"items": [1, None]}})
    assert found == [[1, None]]


def test_paginators_have_three_methods() -> None:
    for name in ("init_request", "update_state", "update_request"):
        assert callable(getattr(BasePaginator, name))
    assert isinstance(BasePaginator.has_next_page, property)


def test_sanitized_urls_hold_no_secret() -> None:
    assert "hidden" not in sanitize_url("https://example.com/token?access_token=hidden")


# -- rows, resources


def test_hashes_of_rows_are_stable() -> None:
    assert digest128(json.dumps({"name": "Élan", "id": 1}, sort_keys=True)) == "GfqRm38I2YHLcQT7gpOr"


# -- config


def test_the_placeholder_of_dlt_init_is_recognized() -> None:
    with pytest.raises(CredentialsError, match="still the placeholder"):
        check_credentials(TYPE_EXAMPLES["text"], "demo")
