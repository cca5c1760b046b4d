"""spotipy as an independent client of the offline API; skips if not installed."""

from __future__ import annotations

from typing import Any

import pytest
from spotify_pipeline.offline_api import OfflineApi

spotipy = pytest.importorskip("spotipy", reason="spotipy is the independent client of these tests")
oauth2 = pytest.importorskip("spotipy.oauth2")
cache_handler = pytest.importorskip("spotipy.cache_handler")


def credentials_for(api: OfflineApi, patch: pytest.MonkeyPatch, client_secret: str = "demo") -> Any:
    """Return spotipy's credentials manager for an API."""
    patch.setattr(oauth2.SpotifyClientCredentials, "OAUTH_TOKEN_URL", api.token_url)
    return oauth2.SpotifyClientCredentials("demo", client_secret, cache_handler=cache_handler.MemoryCacheHandler())


def client_of(api: OfflineApi, patch: pytest.MonkeyPatch) -> Any:
    """Return a spotipy client without retries for an API."""
    client = spotipy.Spotify(auth_manager=credentials_for(api, patch), retries=0, status_retries=0)
    client.prefix = api.api_url
    return client


def read_on(client: Any, page: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the items of a page and the following ones."""
    items = list(page["items"])
    while page["next"]:
        page = client.next(page)
        page = page.get("albums", page)
        items += page["items"]
    return items
