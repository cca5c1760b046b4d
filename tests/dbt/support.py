"""The dbt project in tests: one process, one parse, any file named spotify.duckdb."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
from spotify_pipeline.after_load.transform import PROJECT

from tests.support.postgres import PASSWORD, Postgres

MARTS = (
    "dim_albums",
    "dim_artists",
    "dim_tracks",
    "dim_dates",
    "dim_watched_artists",
    "bridge_album_artists",
    "bridge_track_artists",
    "fct_release_sightings",
    "fct_album_tracks",
    "fct_load_runs",
    "fct_search_yields",
    "rpt_new_releases_daily",
    "rpt_release_calendar",
    "rpt_artist_pairs",
    "rpt_label_share",
    "rpt_catalogue_gaps",
)


@dataclass(frozen=True)
class Ran:
    """Result of a dbt command."""

    statuses: Mapping[str, str]  # dbt's status by relation of the model or name of the test
    exception: str | None

    @property
    def troubles(self) -> dict[str, str]:
        """Return all statuses but success."""
        return {name: status for name, status in self.statuses.items() if status not in {"success", "pass", "no-op"}}


class DbtProject:
    """The project, parsed once. All files must be named spotify.duckdb.

    Args:
        folder: Where dbt may write.
    """

    output = "duckdb"

    def __init__(self, folder: Path) -> None:
        from dbt.cli.main import dbtRunner  # noqa: PLC0415 - an extra

        self.target = folder / "target"
        self._runner = dbtRunner
        self.manifest: Any = None
        self.manifest = self._invoke("parse", folder / "spotify.duckdb").result

    def run(self, command: str, database: Path, *arguments: str) -> Ran:
        """Run a dbt command on a file."""
        outcome = self._invoke(command, database, *arguments)
        results = [] if outcome.exception else (outcome.result or [])
        return Ran(
            statuses={_relation(one.node): str(one.status.value) for one in results},
            exception=str(outcome.exception) if outcome.exception else None,
        )

    def build(self, database: Path, *arguments: str) -> Ran:
        """Build and test everything except unit tests."""
        return self.run("build", database, "--exclude-resource-type", "unit_test", *arguments)

    def build_for(self, tests: Iterable[str], database: Path) -> Ran:
        """Build the models and snapshots that some tests read, and run these tests."""
        selected = [f"+{test}" for test in tests]
        # Not one build: a failed test would skip the models and tests after it.
        built = self.build(database, "--exclude-resource-type", "test", "--select", *selected)
        assert not built.troubles, built.troubles
        return self.run("test", database, "--indirect-selection", "empty", "--select", *tests)

    def write_docs(self, database: Path) -> None:
        """Write the documentation site for a file to the target folder."""
        outcome = self._invoke("docs generate", database)
        assert outcome.success, outcome.exception

    def rendered(self, database: Path, template: str) -> str:
        """Return the SQL of a template."""
        outcome = self._invoke("compile", database, "--inline", template)
        assert outcome.success, outcome.exception
        return str(outcome.result[0].node.compiled_code)

    def analyses(self, database: Path) -> dict[str, str]:
        """Return the analyses as SQL by name."""
        self.run("compile", database, "--select", "path:analyses")
        compiled = self.target / "compiled" / "spotify" / "analyses"
        return {path.stem: path.read_text(encoding="utf-8") for path in sorted(compiled.glob("*.sql"))}

    def _environment(self, database: Path) -> dict[str, str]:
        """Return the variables that profiles.yml reads."""
        return {"SPOTIFY_DUCKDB": str(database)}

    def _invoke(self, command: str, database: Path, *arguments: str) -> Any:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415
        from dbt.adapters.factory import reset_adapters  # noqa: PLC0415

        where = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target", self.output]
        quiet = ["--quiet", "--no-write-json", "--log-level", "none", "--log-level-file", "none", "--no-partial-parse"]
        folders = ["--target-path", str(self.target), "--log-path", str(self.target.parent)]
        try:
            with patch.dict(os.environ, self._environment(database)):
                return self._runner(manifest=self.manifest).invoke(
                    [*command.split(), *arguments, *where, *quiet, *folders]
                )
        finally:
            reset_adapters()
            DuckDBConnectionManager.close_all_connections()


class PostgresProject(DbtProject):
    """The project on a server; a path stands for the database of its name.

    Args:
        folder: Where dbt may write.
        server: The server.
    """

    output = "postgres"

    def __init__(self, folder: Path, server: Postgres) -> None:
        self._server = server
        self._manifests: dict[str, Any] = {}
        super().__init__(folder)

    def _invoke(self, command: str, database: Path, *arguments: str) -> Any:
        # A manifest contains the database of its relations.
        self.manifest = self._manifests.get(database.stem)
        if self.manifest is None and command != "parse":
            self.manifest = self._manifests[database.stem] = super()._invoke("parse", database).result
        return super()._invoke(command, database, *arguments)

    def _environment(self, database: Path) -> dict[str, str]:
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self._server.port),
            "PGUSER": "loader",
            "PGDATABASE": database.stem,
            "DBT_ENV_SECRET_PGPASSWORD": PASSWORD,
        }


def _relation(node: Any) -> str:
    """Return the alias of a model, or the name of any other node."""
    return str(node.alias if node.resource_type in {"model", "snapshot"} else node.name)


def ask(database: Path, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query in UTC."""
    with duckdb.connect(str(database)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(query, list(parameters)).fetchall()


def change(database: Path, *statements: str) -> None:
    """Run statements on a file."""
    with duckdb.connect(str(database)) as connection:
        for statement in statements:
            connection.execute(statement)


def marts(database: Path, names: Sequence[str] = MARTS) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of the marts, sorted."""
    return {name: ask(database, f"SELECT * FROM spotify_marts.{name} ORDER BY ALL") for name in names}
