"""What is new, as data for a feed and a calendar. Knows when an album was first seen and last changed, not a format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from spotify_pipeline.page.albums import Album, albums
from spotify_pipeline.page.database import Database

# Who asks once a month misses nothing, and who subscribes today is not flooded.
DAYS = 35
MOST = 500
ATTRIBUTION = "Data from Spotify."

# A listing is written again only where it has changed, so the run that wrote it last is the one that changed it.
# A load outside of load_runs, by a script of one's own, is dated by its id, which dlt makes of the time.
_NEWS = """
    WITH written AS (
        SELECT album.id AS album_id, unnest([listing._dlt_load_id, fetched._dlt_load_id]) AS load_id
        FROM catalogue AS album
        LEFT JOIN new_releases AS listing ON listing._dlt_id = album.listed_row_id
        LEFT JOIN albums AS fetched ON fetched._dlt_id = album.fetched_row_id
    ), changes AS (
        SELECT
            written.album_id,
            max(coalesce(run.started_at, make_timestamp(CAST(TRY_CAST(written.load_id AS DOUBLE) * 1e6 AS BIGINT))))
                AS changed_at
        FROM written
        LEFT JOIN load_runs AS run ON run.load_id = written.load_id
        GROUP BY written.album_id
    ), latest AS (
        SELECT max(seen_at) AS seen_at FROM arrivals
    )
    SELECT
        arrivals.album_id,
        date_trunc('second', arrivals.seen_at) AS seen_at,
        date_trunc('second', greatest(arrivals.seen_at, changes.changed_at)) AS changed_at,
        if(album.release_date_precision = 'day', album.released_on, NULL) AS day,
        album.label
    FROM arrivals
    JOIN catalogue AS album ON album.id = arrivals.album_id
    JOIN changes ON changes.album_id = arrivals.album_id
    CROSS JOIN latest
    WHERE
        (arrivals.seen_at >= latest.seen_at - to_days(CAST(? AS INTEGER)) OR album.released_on >= latest.seen_at)
        AND (NOT CAST(? AS BOOLEAN) OR arrivals.album_id IN (SELECT album_id FROM watched_albums))
    ORDER BY arrivals.seen_at DESC, arrivals.album_id
    LIMIT ?
"""


@dataclass(frozen=True)
class NewAlbum:
    """An album that is new.

    Attributes:
        first_seen: When a listing first showed it, in UTC without a zone.
        changed: When what is known of it last changed; first_seen where it never did. The same form.
        day: When it is released; None where Spotify names no day.
        label: None where Spotify does not send it.
    """

    album: Album
    first_seen: datetime
    changed: datetime
    day: date | None
    label: str | None

    @property
    def title(self) -> str:
        """Its name, and whose it is."""
        return f"{self.album.name} by {self.album.by}" if self.album.by else self.album.name

    @property
    def details(self) -> str:
        """Type, release date and label in one line, with the attribution that Spotify asks for."""
        known = [self.album.type.capitalize(), self.album.released and f"released {self.album.released}", self.label]
        return f"{', '.join(each for each in known if each)}. {ATTRIBUTION}"


def read(database: Database, *, watched_only: bool = False) -> list[NewAlbum]:
    """The albums first seen in the `DAYS` days before the latest run, and those to come; the latest first.

    Args:
        database: Where to read them.
        watched_only: Only those of watched artists.
    """
    rows = database.rows(_NEWS, DAYS, watched_only, MOST)
    known = albums(database, [row["album_id"] for row in rows])
    return [
        NewAlbum(known[row["album_id"]], row["seen_at"], row["changed_at"], row["day"], row["label"]) for row in rows
    ]
