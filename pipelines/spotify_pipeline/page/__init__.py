"""The page to look at: one HTML file that shows what a DuckDB file holds. Loads nothing and changes nothing."""
