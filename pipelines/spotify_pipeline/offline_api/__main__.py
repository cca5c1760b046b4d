"""The offline API in a process of its own: ``python -m spotify_pipeline.offline_api``."""

from __future__ import annotations

from .command import main

if __name__ == "__main__":
    main()
