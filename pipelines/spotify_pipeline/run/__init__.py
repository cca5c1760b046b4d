"""One run of the pipeline: load, outcome, report, check and probe."""
