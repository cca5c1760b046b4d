"""How one artist is asked for: who it is, and what is new. Makes the calls, and survives what they may end in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

from ... import settings
from ...api.client import PAGE_SIZE, AlbumPage, SpotifyClient
from ...api.responses import ARTIST_ALBUMS, SEARCH
from ...errors import ApiUnavailableError, BucketClosedError, CallFailedError, NotFoundError
from ...limits.allowance import Allowance, AllowanceSpentError, Share, paid_by
from ...limits.governor import Clock
from ...models import Artist, ArtistCheck, Resolution, SimplifiedAlbum, WatchedArtist
from . import watching

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
        markets: Where to ask: a release may be out in one of them alone.
        allowance: The calls that may be made, those that an artist is sure to need.
        further: Those that may be made for what goes beyond: pages behind the first, and repetitions.
    """

    client: SpotifyClient
    clock: Clock
    markets: Sequence[str]
    allowance: Allowance
    further: Allowance

    def search(self, wanted: WatchedArtist, held: int) -> ArtistCheck:
        """Read all new albums of an artist that search shows, resolving the name first where that is needed.

        Args:
            wanted: The artist.
            held: Calls that were taken of the allowance for it.
        """
        asked = _Asked(wanted, "search")
        share = Share(SEARCH.bucket, self.allowance, held, self.further)
        try:
            with closing(share), paid_by(share):
                self._search(asked)
        except BucketClosedError:
            return asked.ended(is_closed=True)
        except AllowanceSpentError:
            asked.known = watching.unfinished(asked.known, self.clock.now())
            return asked.ended(is_unfinished=True)
        except NotFoundError as error:
            asked.known = watching.not_found(wanted, error, self.clock.now())
            return asked.ended()
        except (ApiUnavailableError, CallFailedError) as error:
            asked.known = watching.failed(asked.known, error, self.clock.now())
            return asked.ended(has_failed=True)
        return asked.ended()

    def sweep(self, wanted: WatchedArtist, held: int) -> ArtistCheck:
        """Read what is new in the discography of an artist, guest appearances included; see `search`.

        One that takes more than all calls of the run is left where they end, or no other would ever have its turn.
        """
        asked = _Asked(wanted, "artist_albums")
        share = Share(ARTIST_ALBUMS.bucket, self.allowance, held, self.further)
        try:
            with closing(share), paid_by(share):
                self._sweep(asked)
        except BucketClosedError:
            return asked.ended(is_closed=True)
        except AllowanceSpentError:
            if asked.pages >= self.allowance.total:
                asked.known = replace(wanted, swept_at=self.clock.now())
            return asked.ended(is_unfinished=True)
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
            name = self.client.artist(known.key)["name"]
            known = asked.known = replace(known, name=name, resolved=Resolution.GIVEN)
        if not known.is_known:
            return
        query = watching.query_for(known.name or "")
        if query is None:
            asked.known = watching.unsearchable(known, self.clock.now())
            return
        for market in self.markets:
            for number in range(settings.SEARCH_LISTING_CALLS):
                asked.pages += 1
                page = self.client.search_albums(query, market, PAGE_SIZE * number)
                asked.enter(market, watching.of_artist(page.albums, known.key))
                if not page.has_more:
                    break
        known = watching.checked(known, asked.albums, self.clock.now())
        asked.known = replace(known, name=watching.name_in(asked.albums, known))

    def _namesakes(self, asked: _Asked) -> list[Artist]:
        """Who is called so, or nearly so."""
        query = (watching.query_for(asked.known.listed_as) or "").removeprefix(f"{settings.NEW_QUERY} ")
        found: list[Artist] = []
        for number in range(_NAME_PAGES):
            asked.pages += 1
            page = self.client.search_artists(query, self.markets[0], PAGE_SIZE * number)
            found += page.artists
            if not page.has_more:
                break
        return found

    def _sweep(self, asked: _Asked) -> None:
        for market in self.markets:
            self._sweep_market(asked, market)
        known = asked.known
        asked.known = replace(known, swept_at=self.clock.now(), name=watching.name_in(asked.albums, known))

    def _sweep_market(self, asked: _Asked, market: str) -> None:
        everything = ",".join(_GROUPS)
        first = page = self._discography(asked, everything, market, 0)
        if first.has_more and first.total > _SWEEP_PAGES * PAGE_SIZE:
            for group in _GROUPS:
                self._discography(asked, group, market, 0)
        else:
            offset = 0
            while page.has_more:
                offset += PAGE_SIZE
                page = self._discography(asked, everything, market, offset)

    def _discography(self, asked: _Asked, groups: str, market: str, offset: int) -> AlbumPage:
        asked.pages += 1
        page = self.client.artist_albums(asked.known.key, groups, market, offset)
        since = self.clock.now() - _SWEPT_DAYS * watching.DAY
        asked.enter(market, watching.released_since(since, page.albums))
        return page


def sure_calls(artist: WatchedArtist, markets: Sequence[str]) -> int:
    """How many calls an artist is sure to cost: one for each market, one more where it is not known whose a name is."""
    return len(markets) + (not artist.is_known)


class _Asked:
    """One artist while asked for."""

    def __init__(self, wanted: WatchedArtist, via: str) -> None:
        self.wanted = wanted
        self.known = wanted
        self.pages = 0
        self._found: dict[str, dict[str, SimplifiedAlbum]] = {}
        self._via = via

    @property
    def albums(self) -> list[SimplifiedAlbum]:
        """All that was found, each once."""
        return list({key: album for albums in self._found.values() for key, album in albums.items()}.values())

    def enter(self, market: str, albums: Sequence[SimplifiedAlbum]) -> None:
        """Note what was found in a market. Pages may overlap."""
        self._found.setdefault(market, {}).update({str(album.get("id")): album for album in albums})

    def ended(self, *, has_failed: bool = False, is_closed: bool = False, is_unfinished: bool = False) -> ArtistCheck:
        """What came of it."""
        became = self.wanted.key if self.known.key != self.wanted.key else None
        albums = {market: tuple(found.values()) for market, found in self._found.items()}
        return ArtistCheck(self.known, self._via, albums, self.pages, became, has_failed, is_closed, is_unfinished)
