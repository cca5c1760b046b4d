"""What dlt will do to the tables before it loads this run: refreshed, replaced, renamed, filtered. Reads no table.

dlt says so in the state of the load package and on the resources, both of which a script's author sets. Outside of an
extract nothing is done to any table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import dlt
from dlt.common.storages.exceptions import CurrentLoadPackageStateNotAvailable
from dlt.extract import DltResource, DltSource
from dlt.extract.exceptions import CurrentSourceNotAvailable
from dlt.extract.items_transform import FilterItem

from ..errors import ConfigurationError
from ..schema import ALBUM_TRACKS, ALBUMS, RELEASE_SIGHTINGS, RESOURCES, TABLES


@dataclass(frozen=True)
class Target:
    """The tables as they will be when this run is loaded.

    Attributes:
        names: What a declared table is called, where its resource was told another name.
        emptied: Declared tables whose rows will be gone: what they hold is not known.
        tracks_are_filtered: Whether `album_tracks` leaves out rows, so that it can't tell what was fetched.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    emptied: frozenset[str] = frozenset()
    tracks_are_filtered: bool = False

    def name(self, table: str) -> str:
        """What a declared table is called."""
        return self.names.get(table, table)


def target_of_run() -> Target:
    """The tables of the extract that is running, and what will be done to them. Sightings and `load_runs` are kept.

    Raises:
        ConfigurationError: A resource was given hints or a filter with which every run would fetch everything again.
    """
    try:
        source = dlt.current.source()
        state: MutableMapping[str, Any] = dlt.current.load_package_state()["state"]  # type: ignore[assignment]
    except (CurrentSourceNotAvailable, CurrentLoadPackageStateNotAvailable):
        return Target()
    resources = {
        table.name: source.resources[table.name]
        for table in RESOURCES
        if table.name in source.resources and not table.is_irreplaceable
    }
    names = {declared: _table_name(source, resource) for declared, resource in resources.items()}
    _keep(source, state)
    gone = {table["name"] for key in ("dropped_tables", "truncated_tables") for table in state.get(key, ())}
    replaced = {
        declared
        for declared, resource in resources.items()
        if resource.selected and resource.write_disposition == "replace"
    }
    return Target(
        names,
        frozenset({declared for declared, name in names.items() if name in gone} | replaced),
        tracks_are_filtered=_is_filtered_as_can_be(source),
    )


def _table_name(source: DltSource, resource: DltResource) -> str:
    name = resource.table_name
    if not isinstance(name, str):
        raise ConfigurationError(
            f"The table of {resource.name} is named by a function: what is loaded could not be found again, and every "
            "run would fetch everything.",
            guidance="Give it one name: apply_hints(table_name='...').",
        )
    return source.schema.naming.normalize_table_identifier(name)


def _is_filtered_as_can_be(source: DltSource) -> bool:
    selected = source.resources.selected
    if ALBUMS.name in selected and _has_filter(selected[ALBUMS.name]):
        raise ConfigurationError(
            "albums has a filter: every run would fetch the albums that it leaves out again.",
            guidance="Load them all, and filter where you read them.",
        )
    filtered = ALBUM_TRACKS.name in selected and _has_filter(selected[ALBUM_TRACKS.name])
    if filtered and ALBUMS.name not in selected:
        raise ConfigurationError(
            "album_tracks has a filter, and albums is not loaded, which would tell what was fetched: every run would "
            "fetch everything again.",
            guidance="Load albums as well, or load all tracks and filter where you read them.",
        )
    return filtered


def _has_filter(resource: DltResource) -> bool:
    return any(isinstance(step, FilterItem) for step in resource._pipe.steps)  # noqa: SLF001 - nothing public tells


def _keep(source: DltSource, state: MutableMapping[str, Any]) -> None:
    """Take what can't be had again out of what dlt is about to drop, truncate or replace."""
    kept = {table.name for table in TABLES if table.is_irreplaceable}
    for key in ("dropped_tables", "truncated_tables"):
        if key in state:
            state[key] = _without(state[key], kept)
    sightings = source.resources.get(RELEASE_SIGHTINGS.name)
    if sightings is not None and sightings.write_disposition == "replace":
        sightings.apply_hints(write_disposition=RELEASE_SIGHTINGS.write_disposition)


def _without(tables: Iterable[Any], names: Iterable[str]) -> list[Any]:
    return [table for table in tables if table["name"] not in names]
