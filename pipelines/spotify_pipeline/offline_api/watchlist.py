"""A watchlist to try: invented artists, some with new releases, in all the ways in which a person may name them."""

from __future__ import annotations

from collections import Counter
from itertools import chain

from .catalogue import Catalogue
from .ids import uri, web_url
from .names import VARIOUS_ARTISTS
from .wire import Artist


def artists_with_news(catalogue: Catalogue, artists: int = 12) -> list[Artist]:
    """Artists in the credits of new albums that no list shows, those with the most first; where those end, of the list.

    Args:
        catalogue: The catalogue of a day.
        artists: How many, at most.
    """
    news: Counter[str] = Counter()
    known: dict[str, Artist] = {}
    listed = [album_id for album_id in catalogue.new_ids() if album_id not in set(catalogue.beyond)]
    for album_id in chain(catalogue.beyond, listed):
        for artist in catalogue.sketch(album_id)["artists"]:
            if artist["name"] != VARIOUS_ARTISTS:
                known.setdefault(artist["id"], artist)
                news[artist["id"]] += 1
    return [known[artist_id] for artist_id, _ in news.most_common(artists)]


def sample_watchlist(catalogue: Catalogue, artists: int = 12) -> str:
    """The text of a watchlist: one artist a line, by id, URI, address or name in turn, and one name that several have.

    Args:
        catalogue: The catalogue of a day.
        artists: How many it names.
    """
    lines = ["# Artists of the demo, all invented: ids, URIs, links or names, one a line."]
    bearers = Counter(artist["name"] for artist in catalogue.artists)
    for number, artist in enumerate(artists_with_news(catalogue, artists)):
        ways = [artist["id"], uri("artist", artist["id"]), web_url("artist", artist["id"])]
        # A name that several artists have can't say which one is meant.
        if number % 4 == len(ways) and bearers[artist["name"]] < 2:
            lines.append(artist["name"])
        else:
            lines += [f"# {artist['name']}", ways[number % 4 % len(ways)]]
    shared = next((name for name, many in bearers.items() if many > 1), None)
    if shared:
        lines += ["# Several artists are called so:", shared]
    return "\n".join(lines) + "\n"
