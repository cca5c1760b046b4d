"""How requests are read: pages, markets, ids; and what is said to those that can't be."""

from __future__ import annotations

import re

from . import errors
from .ids import well_formed
from .rendering import QuotaMode, View
from .replies import LoggedRequest, Reply


class RefusedError(Exception):
    """A request that ends in an error reply."""

    def __init__(self, reply: Reply) -> None:
        """Keep the reply."""
        super().__init__(reply.status)
        self.reply = reply


def page_of(request: LoggedRequest, highest: int, default: int) -> tuple[int, int]:
    """Limit and offset that were asked for."""
    limit = _number(request.query.get("limit"), default)
    if limit is None or not 1 <= limit <= highest:
        raise RefusedError(errors.invalid_limit)
    offset = _number(request.query.get("offset"), 0)
    if offset is None:
        raise RefusedError(errors.invalid_offset)
    return limit, offset


def view_of(request: LoggedRequest, quota_mode: QuotaMode) -> View:
    """Who is looking, from which market."""
    market = request.query.get("market")
    # A token without a user comes from nowhere, so this is as good as no market.
    if market is None or market in ("", "from_token"):
        market = None
    elif not re.fullmatch(r"[A-Za-z]{2}", market):
        raise RefusedError(errors.invalid_market)
    return View(quota_mode, market and market.upper(), f"http://{request.host}")


def id_of(request: LoggedRequest) -> str:
    """The id in the path."""
    named = request.path.split("/")[3]
    if not well_formed(named):
        raise RefusedError(errors.bad_id)
    return named


def ids_of(request: LoggedRequest, most: int) -> list[str]:
    """The ids of a batch."""
    ids = request.query.get("ids", "")
    if not ids:
        raise RefusedError(errors.no_ids)
    wanted = ids.split(",")
    if len(wanted) > most:
        raise RefusedError(errors.too_many_ids)
    if not all(map(well_formed, wanted)):
        raise RefusedError(errors.bad_id)
    return wanted


def _number(text: str | None, default: int) -> int | None:
    if text is None:
        return default
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None
