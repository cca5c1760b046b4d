"""Rules of dbt_project_evaluator, checked on the manifest.

https://dbt-labs.github.io/dbt-project-evaluator/latest/rules/
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from spotify_pipeline.after_load.transform import PROJECT

from tests.dbt.support import DbtProject

PAGE = PROJECT.with_name("spotify_pipeline") / "page"
REFERENCE = re.compile(r"ref\('(\w+)'\)")

LAYERS = ("base", "staging", "intermediate", "marts")
PREFIXES = {
    "base": ("base_",),
    "staging": ("stg_",),
    "intermediate": ("int_",),
    "marts": ("dim_", "fct_", "bridge_", "rpt_"),
}
# Exceptions, each with its reason.
STAGING_ON_STAGING_IS_RIGHT = (
    "A nested table is filtered by the rows of its root, and the root's staging model knows which of them are finished."
)
NESTED = {
    "stg_spotify__new_release_artists": "stg_spotify__new_releases",
    "stg_spotify__new_release_images": "stg_spotify__new_releases",
    "stg_spotify__album_artists": "stg_spotify__albums",
    "stg_spotify__album_images": "stg_spotify__albums",
    "stg_spotify__album_copyrights": "stg_spotify__albums",
    "stg_spotify__album_track_artists": "stg_spotify__album_tracks",
}


# Growing tables are read once, by the incremental fact; album attributes are derived from it.
BACKWARDS_IS_RIGHT = [("fct_spotify__release_sightings", "int_spotify__album_sightings")]
# Many reports join a dimension for different columns, which is its purpose.
FANOUT_IS_RIGHT = {"dim_spotify__albums"}
# A nested table is joined to its root for its key. Pairs need artists by name and by credit. Covers are chosen
# separately, because the dimension would join seven models. Sightings lack the number of their listing.
REJOINING_IS_RIGHT = {
    ("stg_spotify__albums", "int_spotify__album_credits", "stg_spotify__album_artists"),
    ("stg_spotify__new_releases", "int_spotify__album_credits", "stg_spotify__new_release_artists"),
    ("stg_spotify__album_tracks", "int_spotify__track_credits", "stg_spotify__album_track_artists"),
    ("stg_spotify__albums", "rpt_spotify__label_share", "stg_spotify__album_copyrights"),
    ("int_spotify__track_credits", "rpt_spotify__artist_pairs", "dim_spotify__artists"),
    ("int_spotify__albums", "dim_spotify__albums", "int_spotify__album_covers"),
    ("int_spotify__listing_runs", "int_spotify__album_sightings", "fct_spotify__release_sightings"),
}
# The snapshot reads all tables before it deletes an album: staging leaves out rows of unfinished loads.
SEVERAL_SOURCES_ARE_RIGHT = {"snap_spotify__albums"}


class Graph:
    """Models, sources and tests of the manifest by name."""

    def __init__(self, manifest: Any) -> None:
        self.models = {node.name: node for node in manifest.nodes.values() if node.resource_type == "model"}
        self.snapshots = {node.name: node for node in manifest.nodes.values() if node.resource_type == "snapshot"}
        self.tests = [node for node in manifest.nodes.values() if node.resource_type == "test"]
        self.sources = {source.unique_id: source for source in manifest.sources.values()}
        self.exposures = list(manifest.exposures.values())
        self.names = {node.unique_id: node.name for node in manifest.nodes.values()}

    def layer(self, model: str) -> str:
        """Return the layer of a model by its folder."""
        folders = self.models[model].fqn[1:-1]
        return "base" if "base" in folders else str(folders[0])

    def parents(self, model: str) -> list[str]:
        """Return the models that a model refers to."""
        return [self.names[key] for key in self.models[model].depends_on.nodes if key in self.names]

    def source_parents(self, model: str) -> list[str]:
        """Return the sources that a model refers to."""
        return [key for key in self.models[model].depends_on.nodes if key in self.sources]

    def edges(self) -> Iterator[tuple[str, str]]:
        """Return all references as parent and child."""
        return ((parent, child) for child in self.models for parent in self.parents(child) if parent in self.models)


@pytest.fixture(scope="module")
def graph(project: DbtProject) -> Graph:
    """Return the graph of the project."""
    return Graph(project.manifest)


def test_no_model_joins_seven_others(graph: Graph) -> None:
    joins = {name: {*graph.parents(name), *graph.source_parents(name)} for name in graph.models}
    assert [name for name, parents in joins.items() if len(parents) >= 7] == []


def test_only_dimensions_fan_out(graph: Graph) -> None:
    children = defaultdict(set)
    for parent, child in graph.edges():
        children[parent].add(child)
    leaves = {name for name in graph.models if not children[name]}
    assert {name for name, found in children.items() if len(found & leaves) > 3} <= FANOUT_IS_RIGHT


def test_rejoined_models_have_a_reason(graph: Graph) -> None:
    children = defaultdict(set)
    for parent, child in graph.edges():
        children[parent].add(child)
    # A model that is only joined with its own parent could be part of that join.
    rejoined = {
        (parent, child, between)
        for between, (child, *more) in ((name, sorted(found)) for name, found in children.items())
        if not more
        for parent in graph.parents(between)
        if parent in graph.parents(child)
    }
    assert rejoined <= REJOINING_IS_RIGHT


def test_snapshots_and_models_use_one_source(graph: Graph) -> None:
    known = {
        node.name: [key for key in node.depends_on.nodes if key in graph.sources]
        for node in (*graph.models.values(), *graph.snapshots.values())
    }
    assert {name for name, sources in known.items() if len(sources) > 1} <= SEVERAL_SOURCES_ARE_RIGHT


def test_staging_lies_in_the_folder_of_its_source(graph: Graph) -> None:
    staged = [node for name, node in graph.models.items() if graph.layer(name) in {"base", "staging"}]
    assert [node.name for node in staged if node.fqn[1:3] != ["staging", "spotify"]] == []
    assert {source.original_file_path for source in graph.sources.values()} == {
        "models/staging/spotify/_spotify__sources.yml"
    }


def test_names_and_folders_agree(graph: Graph) -> None:
    misplaced = [name for name in graph.models if not name.startswith(PREFIXES[graph.layer(name)])]
    assert misplaced == []
    assert {graph.layer(name) for name in graph.models} == set(LAYERS)


def test_every_source_has_one_model_and_every_staging_model_one_source(graph: Graph) -> None:
    children = Counter(source for model in graph.models for source in graph.source_parents(model))
    assert children == dict.fromkeys(graph.sources, 1)
    for model in graph.models:
        expected = 1 if graph.layer(model) in {"base", "staging"} else 0
        assert len(graph.source_parents(model)) == expected, model


def test_references_lead_from_layer_to_layer(graph: Graph) -> None:
    backwards = [
        (parent, child)
        for parent, child in graph.edges()
        if LAYERS.index(graph.layer(parent)) > LAYERS.index(graph.layer(child))
    ]
    assert backwards == BACKWARDS_IS_RIGHT
    on_staging = {
        (child, parent) for parent, child in graph.edges() if graph.layer(child) == graph.layer(parent) == "staging"
    }
    assert on_staging == set(NESTED.items()), STAGING_ON_STAGING_IS_RIGHT


def test_every_model_has_parents_and_all_but_marts_have_children(graph: Graph) -> None:
    children = defaultdict(set)
    for parent, child in graph.edges():
        children[parent].add(child)
    for model in graph.models:
        assert graph.parents(model) or graph.source_parents(model), model
        assert children[model] or graph.layer(model) == "marts", model


def test_no_model_refers_to_tables_by_name(graph: Graph) -> None:
    schemas = re.compile(r"\b(from|join)\s+[\"`]?(spotify_raw|spotify_staging|spotify_marts)\b", re.IGNORECASE)
    assert [name for name, node in graph.models.items() if schemas.search(node.raw_code)] == []


def test_everything_is_described(graph: Graph) -> None:
    documented = [*graph.models.values(), *graph.snapshots.values(), *graph.sources.values()]
    assert [node.name for node in documented if not node.description] == []
    blank = [
        (node.name, name) for node in documented for name, column in node.columns.items() if not column.description
    ]
    assert blank == []
    assert [exposure.name for exposure in graph.exposures if not exposure.description] == []


def test_every_model_describes_its_grain_and_tests_its_key(graph: Graph) -> None:
    kinds = defaultdict(set)
    for test in graph.tests:
        if getattr(test, "attached_node", None):
            column = test.column_name or ""
            kinds[graph.names.get(test.attached_node)].add((test.test_metadata.name, column))
    for name, node in graph.models.items():
        uniques = {column for kind, column in kinds[name] if kind == "unique"}
        has_key = any(("not_null", column) in kinds[name] for column in uniques) or ("key", "") in kinds[name]
        assert has_key, name
        assert "One row per" in node.description, name


def test_only_marts_are_tables_with_contracts(graph: Graph) -> None:
    for name, node in graph.models.items():
        is_mart = graph.layer(name) == "marts"
        assert node.config.contract.enforced is is_mart, name
        assert (node.config.materialized in {"table", "incremental"}) or not is_mart, name
        assert node.config.schema == ("spotify_marts" if is_mart else "spotify_staging"), name


def test_marts_are_public_and_nothing_else_is(graph: Graph) -> None:
    for name, node in graph.models.items():
        assert (node.access.value == "public") is (graph.layer(name) == "marts"), name
        assert node.config.group == "spotify", name


def test_exposures_depend_on_the_public_models_they_read(graph: Graph) -> None:
    exposed = {exposure.name: {graph.names[key] for key in exposure.depends_on.nodes} for exposure in graph.exposures}
    public = {name for name, node in graph.models.items() if node.access.value == "public"}
    asked = {name for query in PROJECT.glob("analyses/*.sql") for name in REFERENCE.findall(query.read_text("utf-8"))}
    page = "".join(module.read_text("utf-8") for module in PAGE.glob("*.py"))
    assert exposed == {
        "example_queries": asked & public,
        "page": {
            name
            for name, node in graph.models.items()
            if name in public and re.search(rf"spotify_marts\.{node.alias}\b", page)
        },
    }


def test_no_chain_of_views_is_long(graph: Graph) -> None:
    """Chains of five views are slow, according to the evaluator."""

    def views_below(model: str) -> int:
        if graph.models[model].config.materialized != "view":
            return 0
        return 1 + max([views_below(parent) for parent in graph.parents(model) if parent in graph.models], default=0)

    assert {name: views_below(name) for name in graph.models if views_below(name) > 4} == {}


def test_sources_have_a_freshness(graph: Graph) -> None:
    assert all(
        "status = 0" in source.loaded_at_query and source.freshness.warn_after for source in graph.sources.values()
    )


def test_tests_that_warn_or_tolerate_have_a_reason(graph: Graph) -> None:
    tolerant = [test for test in graph.tests if test.config.severity.lower() == "warn" or test.config.warn_if != "!= 0"]
    assert tolerant
    assert [test.name for test in tolerant if not test.description] == []
