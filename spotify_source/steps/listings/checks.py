"""How one artist is asked for: who it is, and what is new. Makes the calls, and survives what they may end in."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

from ...api.client import SpotifyClient
from ...api.pages import PAGE_SIZE, AlbumPage, artist, artist_albums, search_albums, search_artists
from ...errors import ApiUnavailableError, BucketClosedError, CallFailedError, NotFoundError
from ...limits.clock import Clock
from ...model.reach import ArtistCheck, WatchedArtist
from ...model.shapes import Artist, SimplifiedAlbum
from . import watching
from .calls import Allowance, AllowanceSpentError, Share

# A name that more artists bear than so many pages show is ambiguous anyway.
_NAME_PAGES: Final = 5
# A discography of more pages than so many is read group by group, the newest page of each.
_SWEEP_PAGES: Final = 4
_GROUPS: Final = ("album", "single", "appears_on", "compilation")
# What a sweep finds that is older than this is the back catalogue, and no news.
_SWEPT_DAYS: Final = 60


@dataclass(frozen=True)
class Checker:
    """Asks for artists.

    Attributes:
        client: The door to the API.
        clock: Where the time comes from.
        market: Where to search.
        allowance: The calls that may be made, those that an artist is sure to need.
        further: Those that may be made for what goes beyond: pages behind the first.
    """

    client: SpotifyClient
    clock: Clock
    market: str
    allowance: Allowance
    further: Allowance

    def search(self, wanted: WatchedArtist, held: int) -> ArtistCheck:
        """Read all new albums of an artist that search shows, resolving the name first where that is needed.

        Args:
            wanted: The artist.
            held: Calls that were taken of the allowance for it.
        """
        asked = _Asked(wanted, "search", Share(self.allowance, held, self.further))
        try:
            with closing(asked.share):
                self._search(asked)
        except (BucketClosedError, AllowanceSpentError):
            return asked.ended(is_closed=True)
        except NotFoundError as error:
            # Artists who are gone may come back, but not today.
            asked.known = replace(wanted, due_at=self.clock.now() + watching.DAY, last_error=error.what)
            return asked.ended()
        except (ApiUnavailableError, CallFailedError) as error:
            asked.known = watching.failed(asked.known, error, self.clock.now())
            return asked.ended(has_failed=True)
        return asked.ended()

    def sweep(self, wanted: WatchedArtist, held: int) -> ArtistCheck:
        """Read what is new in the discography of an artist, guest appearances included; see `search`."""
        asked = _Asked(wanted, "artist_albums", Share(self.allowance, held, self.further))
        try:
            with closing(asked.share):
                self._sweep(asked)
        except (BucketClosedError, AllowanceSpentError):
            return asked.ended(is_closed=True)
        except (ApiUnavailableError, CallFailedError) as error:
            # Not again before its turn: the bucket is small, and search asks for the artist too.
            asked.known = replace(wanted, swept_at=self.clock.now(), last_error=error.what)
            return asked.ended(has_failed=True)
        return asked.ended()

    def _search(self, asked: _Asked) -> None:
        known = asked.known
        if not known.is_known:
            known = asked.known = watching.resolved(known, self._namesakes(asked), self.clock.now())
        elif known.name is None:
            known = asked.known = replace(known, name=artist(self.client, known.key)["name"])
        if not known.is_known:
            return
        query, offset, has_more = watching.query_for(known.name or ""), 0, True
        while has_more:
            asked.share.take()
            page = search_albums(self.client, query, self.market, offset)
            asked.found += watching.of_artist(page.albums, known.key)
            offset, has_more = offset + PAGE_SIZE, page.has_more
        known = watching.checked(known, asked.found, self.clock.now())
        asked.known = replace(known, name=watching.name_in(asked.found, known))

    def _namesakes(self, asked: _Asked) -> list[Artist]:
        """Who is called so, or nearly so."""
        query = watching.query_for(asked.known.listed_as).removeprefix("tag:new ")
        found: list[Artist] = []
        for number in range(_NAME_PAGES):
            asked.share.take()
            page = search_artists(self.client, query, self.market, PAGE_SIZE * number)
            found += page.artists
            if not page.has_more:
                break
        return found

    def _sweep(self, asked: _Asked) -> None:
        everything = ",".join(_GROUPS)
        first = page = self._discography(asked, everything, 0)
        if first.has_more and first.total > _SWEEP_PAGES * PAGE_SIZE:
            for group in _GROUPS:
                self._discography(asked, group, 0)
        else:
            offset = 0
            while page.has_more:
                offset += PAGE_SIZE
                page = self._discography(asked, everything, offset)
        known = asked.known
        asked.known = replace(known, swept_at=self.clock.now(), name=watching.name_in(asked.found, known))

    def _discography(self, asked: _Asked, groups: str, offset: int) -> AlbumPage:
        asked.share.take()
        page = artist_albums(self.client, asked.known.key, groups, self.market, offset)
        since = self.clock.now() - _SWEPT_DAYS * watching.DAY
        asked.found += watching.released_since(since, page.albums)
        return page


class _Asked:
    """One artist while asked for."""

    def __init__(self, wanted: WatchedArtist, via: str, share: Share) -> None:
        self.wanted = wanted
        self.known = wanted
        self.share = share
        self.found: list[SimplifiedAlbum] = []
        self._via = via

    def ended(self, *, has_failed: bool = False, is_closed: bool = False) -> ArtistCheck:
        """What came of it."""
        became = self.wanted.key if self.known.key != self.wanted.key else None
        albums = tuple(self.found)
        return ArtistCheck(self.known, self._via, albums, self.share.taken, became, has_failed, is_closed)
