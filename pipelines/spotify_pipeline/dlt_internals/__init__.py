"""Uses of dlt beyond its public API, each with its reason.

Public is what dlt's documentation imports: `dlt`, `dlt.sources`, `dlt.destinations`, `dlt.extract.DltSource` and
`DltResource`, `dlt.common.pipeline.LoadInfo`. The application imports everything else from here, and
tests/spotify_pipeline/dlt_internals fails first if a release changes it.
"""
