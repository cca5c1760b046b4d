"""Offline APIs of a test and their calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from spotify_pipeline.offline_api import Album, Catalogue, LoggedRequest, OfflineApi

from tests.support.clock import FakeClock

Serve = Callable[..., OfflineApi]
"""Function that starts an API with albums and options of OfflineApi."""


@contextmanager
def serving(clock: FakeClock) -> Iterator[Serve]:
    """Return a function that starts APIs with the clock; they stop with the block."""
    with ExitStack() as stack:

        def start(*albums: Album, **options: Any) -> OfflineApi:
            return stack.enter_context(OfflineApi(Catalogue.of(albums), clock=clock.now, **options))

        yield start


def calls_since(api: OfflineApi, before: Counter[str]) -> Counter[str]:
    """Return the calls made since `before`, without token requests."""
    calls = api.calls - before
    del calls["token"]
    return calls


def for_album(album_id: str) -> Callable[[LoggedRequest], bool]:
    """Return a predicate for the requests of an album, alone or in a batch."""
    return lambda request: album_id in request.path or album_id in request.query.get("ids", "")
