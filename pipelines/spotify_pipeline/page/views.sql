-- What the sections ask for, on top of views that show every declared table of the dataset, missing ones empty.

-- Every album that was listed or fetched. A listing is newer than what was fetched once, so it comes first.
CREATE VIEW catalogue AS
SELECT
    id,
    coalesce(nullif(listed.name, ''), nullif(full_album.name, ''), 'Without a name') AS name,
    coalesce(listed.album_type, full_album.album_type, 'unknown') AS album_type,
    coalesce(listed.total_tracks, full_album.total_tracks) AS total_tracks,
    coalesce(listed.release_date, full_album.release_date) AS release_date,
    coalesce(listed.release_date_precision, full_album.release_date_precision) AS release_date_precision,
    coalesce(listed.released_on, full_album.released_on) AS released_on,
    coalesce(listed.external_urls__spotify, full_album.external_urls__spotify) AS url,
    full_album.label,
    full_album.popularity
FROM new_releases AS listed
FULL JOIN albums AS full_album USING (id);

-- The artists of an album, in order: as listed, else as fetched.
CREATE VIEW album_credits AS
WITH listed AS (
    SELECT album.id AS album_id, artist._dlt_list_idx AS place, artist.id, artist.name, artist.external_urls__spotify AS url
    FROM new_releases__artists AS artist
    JOIN new_releases AS album ON artist._dlt_parent_id = album._dlt_id
), fetched AS (
    SELECT album.id AS album_id, artist._dlt_list_idx AS place, artist.id, artist.name, artist.external_urls__spotify AS url
    FROM albums__artists AS artist
    JOIN albums AS album ON artist._dlt_parent_id = album._dlt_id
)
FROM listed
UNION ALL
FROM fetched WHERE album_id NOT IN (SELECT album_id FROM listed);

CREATE VIEW track_credits AS
SELECT
    track.album_id,
    track.disc_number,
    track.track_number,
    artist._dlt_list_idx AS place,
    artist.id,
    artist.name,
    artist.external_urls__spotify AS url
FROM album_tracks__artists AS artist
JOIN album_tracks AS track ON artist._dlt_parent_id = track._dlt_id;

-- One cover an album: the smallest that is sharp on a card, else the largest there is.
CREATE VIEW covers AS
WITH images AS (
    SELECT album.id AS album_id, image.url, image.width
    FROM new_releases__images AS image
    JOIN new_releases AS album ON image._dlt_parent_id = album._dlt_id
    UNION ALL
    SELECT album.id, image.url, image.width
    FROM albums__images AS image
    JOIN albums AS album ON image._dlt_parent_id = album._dlt_id
)
SELECT album_id, coalesce(min_by(url, width) FILTER (width >= 300), max_by(url, width), any_value(url)) AS url
FROM images
GROUP BY album_id;

-- Where an album stood in a listing; one that was listed twice counts at its best place.
CREATE VIEW standings AS
SELECT market, seen_at, run_id, album_id, min(position) AS position
FROM release_sightings
GROUP BY ALL;

CREATE VIEW arrivals AS
SELECT album_id, min(seen_at) AS seen_at
FROM release_sightings
GROUP BY album_id;
