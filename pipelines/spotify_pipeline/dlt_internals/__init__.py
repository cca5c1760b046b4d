"""What reaches past dlt's public API, gathered in one place."""
