"""The steps from a listing to rows: discovery, backlog, loaded state, albums, rows."""
