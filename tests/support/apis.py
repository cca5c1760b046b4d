"""The offline API as tests start and read it. Knows its calls, not who makes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, OfflineApi

from tests.support.clock import FakeClock

Serve = Callable[..., OfflineApi]
"""Start an API with these albums; its other options are those of OfflineApi, which is in the extended quota mode."""


@contextmanager
def serving(clock: FakeClock) -> Iterator[Serve]:
    """Start APIs by that clock; all of them end with the block."""
    with ExitStack() as stack:

        def start(*albums: Album, **options: Any) -> OfflineApi:
            return stack.enter_context(OfflineApi(Catalogue.of(albums), clock=clock.now, **options))

        yield start


def calls_since(api: OfflineApi, before: Counter[str]) -> Counter[str]:
    """The calls after those, token requests aside."""
    calls = api.calls - before
    del calls["token"]
    return calls


def for_album(album_id: str) -> Callable[[LoggedRequest], bool]:
    """Which requests are for this album, alone or in a batch."""
    return lambda request: album_id in request.path or album_id in request.query.get("ids", "")
