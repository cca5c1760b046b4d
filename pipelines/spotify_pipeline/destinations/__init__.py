"""Where a run loads to: a DuckDB file, or any other dlt destination, behind one interface."""
