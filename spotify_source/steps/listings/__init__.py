"""The ways to find albums, each behind the same interface: browse, search, artists, sweeps, shards."""
