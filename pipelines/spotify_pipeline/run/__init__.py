"""One run of the pipeline, from its start to what is said of it."""
