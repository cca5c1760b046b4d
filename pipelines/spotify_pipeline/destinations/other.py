"""Any destination that dlt has, by its name. Knows nothing of it but what dlt does alike everywhere."""

from __future__ import annotations

import dlt

from spotify_pipeline.destinations.base import Destination, Row
from spotify_pipeline.dlt_internals.destinations import sql_dialect
from spotify_source import schema


class OtherDestination(Destination):
    """A dlt destination, configured as dlt does.

    Args:
        name: Its name, as dlt knows it.
        dataset: The dataset in it.
    """

    def sql_dialect(self) -> str | None:
        """As dlt has it."""
        return sql_dialect(self.place)

    def enter_load_run(self, pipeline: dlt.Pipeline, row: Row) -> None:
        """Load the row in a package of its own."""
        resource = dlt.resource([row], name=schema.LOAD_RUNS.name)
        pipeline.run(schema.declare(resource, schema.LOAD_RUNS))

    def _dlt_destination(self) -> str:
        return self.place
