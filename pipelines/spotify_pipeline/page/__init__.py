"""HTML page, feed and calendar of a loaded database, which they only read."""
