"""Tests of the site that `dbt docs generate` writes."""

from __future__ import annotations

import json
from typing import Any

from tests.dbt.conftest import Built
from tests.dbt.support import DbtProject


def test_docs_site_describes_every_column(extended: Built, project: DbtProject) -> None:
    project.write_docs(extended.database)
    catalog, manifest = (
        json.loads((project.target / name).read_text("utf-8")) for name in ("catalog.json", "manifest.json")
    )
    assert catalog["errors"] is None
    described: dict[str, Any] = {**manifest["nodes"], **manifest["sources"]}
    built = {
        key
        for key, node in manifest["nodes"].items()
        if node["resource_type"] in {"model", "snapshot"} and node["config"]["materialized"] != "ephemeral"
    }
    assert built <= catalog["nodes"].keys()
    missing = [
        f"{described[key]['name']}.{name}"
        for key, relation in {**catalog["nodes"], **catalog["sources"]}.items()
        for name in relation["columns"]
        if not {column.lower(): one for column, one in described[key]["columns"].items()}.get(name.lower(), {}).get(
            "description"
        )
    ]
    assert missing == []
    assert (project.target / "index.html").is_file()
