-- What the sections ask for, on top of views that show every declared table of the dataset, missing ones empty.

-- A template: which of listing and album object is the newer is said in the dbt project, once for both.
{% import "newest_word.sql" as rule %}

CREATE VIEW listed_albums AS
SELECT
    releases.id AS album_id,
    nullif(releases.name, '') AS name,
    releases.album_type,
    releases.total_tracks,
    releases.release_date,
    releases.release_date_precision,
    releases.released_on,
    releases.external_urls__spotify AS url,
    releases._dlt_id AS row_id,
    greatest(releases._dlt_load_id, coalesce(sighted.load_id, releases._dlt_load_id)) AS heard_in
FROM new_releases AS releases
LEFT JOIN (
    SELECT album_id, max(_dlt_load_id) AS load_id FROM release_sightings GROUP BY album_id
) AS sighted ON sighted.album_id = releases.id;

CREATE VIEW fetched_albums AS
SELECT
    id AS album_id,
    nullif(name, '') AS name,
    album_type,
    total_tracks,
    release_date,
    release_date_precision,
    released_on,
    label,
    popularity,
    external_urls__spotify AS url,
    _dlt_id AS row_id,
    _dlt_load_id AS fetched_in
FROM albums;

-- Every album that was listed or fetched; what both objects say is taken from the newer.
CREATE VIEW catalogue AS
SELECT
    coalesce(listed.album_id, fetched.album_id) AS id,
    coalesce({{ rule.newest_word("name") }}, 'Without a name') AS name,
    coalesce({{ rule.newest_album_type() }}, 'unknown') AS album_type,
    {{ rule.newest_word("total_tracks") }} AS total_tracks,
    {{ rule.newest_of_date("release_date") }} AS release_date,
    {{ rule.newest_of_date("release_date_precision") }} AS release_date_precision,
    {{ rule.newest_of_date("released_on") }} AS released_on,
    {{ rule.newest_word("url") }} AS url,
    fetched.label,
    fetched.popularity,
    {{ rule.is_listing_newer() }} AS is_listing_newer,
    listed.row_id AS listed_row_id,
    fetched.row_id AS fetched_row_id
FROM listed_albums AS listed
FULL JOIN fetched_albums AS fetched ON listed.album_id = fetched.album_id;

-- The artists of an album, in order: the newer list as a whole.
CREATE VIEW album_credits AS
WITH credits AS (
    SELECT album.id AS album_id, if(album.is_listing_newer, 1, 2) AS choice, artist.*
    FROM new_releases__artists AS artist
    JOIN catalogue AS album ON artist._dlt_parent_id = album.listed_row_id
    UNION ALL
    SELECT album.id AS album_id, if(album.is_listing_newer, 2, 1) AS choice, artist.*
    FROM albums__artists AS artist
    JOIN catalogue AS album ON artist._dlt_parent_id = album.fetched_row_id
)
SELECT album_id, _dlt_list_idx AS place, id, name, external_urls__spotify AS url
FROM credits
QUALIFY choice = min(choice) OVER (PARTITION BY album_id);

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

-- One cover an album, of the newer object: the smallest that is sharp on a card, else the largest there is.
CREATE VIEW covers AS
WITH images AS (
    SELECT album.id AS album_id, if(album.is_listing_newer, 1, 2) AS choice, image.url, image.width
    FROM new_releases__images AS image
    JOIN catalogue AS album ON image._dlt_parent_id = album.listed_row_id
    UNION ALL
    SELECT album.id AS album_id, if(album.is_listing_newer, 2, 1) AS choice, image.url, image.width
    FROM albums__images AS image
    JOIN catalogue AS album ON image._dlt_parent_id = album.fetched_row_id
), newest AS (
    FROM images
    QUALIFY choice = min(choice) OVER (PARTITION BY album_id)
)
SELECT album_id, coalesce(min_by(url, width) FILTER (width >= 300), max_by(url, width), any_value(url)) AS url
FROM newest
GROUP BY album_id;

-- Where an album stood in a listing; one that was listed twice counts at its best place.
CREATE VIEW standings AS
SELECT market, seen_at, run_id, album_id, min(position) AS position
FROM release_sightings
WHERE query IS NULL -- the plain listing alone has ranks
GROUP BY ALL;

CREATE VIEW arrivals AS
SELECT album_id, min(seen_at) AS seen_at
FROM release_sightings
GROUP BY album_id;
