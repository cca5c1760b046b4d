"""Fixtures of the tests of discovery."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from spotify_pipeline.offline_api import Catalogue, make_album

from tests.support.apis import Serve
from tests.support.clock import FakeClock
from tests.support.discovery import Discovery

Discover = Callable[..., Discovery]
LISTED = make_album("Listed", 1, artist="Somebody Listed")


@pytest.fixture
def discover(serve: Serve, clock: FakeClock) -> Discover:
    """Return a function that serves albums beyond a plain listing of one album."""

    def start(*beyond: Any, older: tuple[Any, ...] = ()) -> Discovery:
        api = serve(quota_mode="development")
        api.catalogue = Catalogue.of([LISTED], beyond=beyond, older=older)
        return Discovery(api, clock)

    return start
