"""What reaches past dlt's public API, and why. tests/spotify_pipeline/dlt_internals says first when a release changes it.

Public is what dlt's documentation imports: `dlt` itself, `dlt.sources`, `dlt.destinations`, `dlt.extract.DltSource` and
`DltResource`, `dlt.common.pipeline.LoadInfo`. The application takes all else from here.
"""
