"""Call budgets reach the governor with every call, retries and further pages included."""

from __future__ import annotations

import pytest
from dlt.common.typing import TSecretStrValue
from spotify_pipeline.offline_api import errors, make_album

from spotify_source import Run
from spotify_source.config import SpotifyConfiguration, connect
from spotify_source.limits.call_budget import CallBudget, CallBudgetSpentError
from tests.support.apis import Serve


def test_retries_repeats_after_401_and_further_pages_are_charged(serve: Serve, run: Run) -> None:
    api = serve(*(make_album(f"Album {number}", 1) for number in range(40)))
    api.script("search", errors.expired_token, errors.server_error)
    configuration = SpotifyConfiguration(
        client_id="demo",
        client_secret=TSecretStrValue("demo"),
        requests_per_second=0,
        api_url=api.api_url,
        token_url=api.token_url,
    )
    connection = connect(configuration, run)
    budget = CallBudget("search", 4)
    pages = connection.client.search_new_releases("US", budget=budget)
    assert [len(next(pages)), len(next(pages))] == [10, 10]
    assert budget.left == 0
    with pytest.raises(CallBudgetSpentError):
        next(pages)
    assert connection.governor.counts().by_bucket == {"search": 4}
