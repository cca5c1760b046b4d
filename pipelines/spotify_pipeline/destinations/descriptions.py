"""The descriptions of dlt's schema, table by table and column by column. Knows no database."""

from __future__ import annotations

from collections.abc import Iterator

import dlt

# The one column that dlt itself leaves without a word.
_UNDESCRIBED = {"_dlt_id": "dlt's own id of the row."}


def descriptions(schema: dlt.Schema) -> Iterator[tuple[str, str | None, str]]:
    """Each table that has a description, and each column, with None for the column where it is of the table."""
    for name, table in schema.tables.items():
        if text := table.get("description"):
            yield name, None, text
        for column, hints in table["columns"].items():
            if text := hints.get("description") or _UNDESCRIBED.get(column):
                yield name, column, text
