-- Views, tables and macros that the sections read, on top of one view for each declared table.

-- A Jinja template: the dbt project's macros decide which of listing and album object is the newer.
{% import "newest_word.sql" as rule %}

-- Text

CREATE MACRO counted(number, noun) AS format('{:,} {}', number, noun) || if(number = 1, '', 's');
CREATE MACRO moment(instant) AS strftime(instant, '%-d %B %Y, %H:%M UTC');
CREATE MACRO clock(ms) AS if(
    ms >= 3600000,
    format('{}:{:02d}:{:02d}', ms // 3600000, ms // 60000 % 60, ms // 1000 % 60),
    format('{}:{:02d}', ms // 60000, ms // 1000 % 60)
);

-- Something with a page on Spotify: kind is 'album', 'artist' or 'track'.
CREATE MACRO item(kind, id, name, url) AS {
    'kind': kind, 'id': id, 'name': coalesce(nullif(name, ''), 'Without a name'), 'url': url
};

-- Albums

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
    external_urls__spotify AS url,
    _dlt_id AS row_id,
    _dlt_load_id AS fetched_in
FROM albums;

-- Every album that was listed or fetched; values of both objects are taken from the newer.
CREATE TABLE catalogue AS
SELECT
    coalesce(listed.album_id, fetched.album_id) AS id,
    coalesce({{ rule.newest_word("name") }}, 'Without a name') AS name,
    coalesce({{ rule.newest_album_type() }}, 'unknown') AS album_type,
    {{ rule.newest_word("total_tracks") }} AS total_tracks,
    {{ rule.newest_of_date("release_date") }} AS release_date,
    {{ rule.newest_of_date("released_on") }} AS released_on,
    -- Null unless the date is exact to the day.
    if({{ rule.newest_of_date("release_date_precision") }} = 'day', {{ rule.newest_of_date("released_on") }}, NULL) AS day,
    {{ rule.newest_word("url") }} AS url,
    fetched.label,
    {{ rule.is_listing_newer() }} AS is_listing_newer,
    listed.row_id AS listed_row_id,
    fetched.row_id AS fetched_row_id
FROM listed_albums AS listed
FULL JOIN fetched_albums AS fetched ON listed.album_id = fetched.album_id;

-- Artists of each album in order; the newer object's list as a whole.
CREATE TABLE album_credits AS
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

-- An album as an item, with its artists as items.
CREATE TABLE shown_albums AS
SELECT
    id,
    item('album', id, name, url) AS album,
    coalesce(artists, []) AS artists,
    name || coalesce(' by ' || list_aggregate([artist.name FOR artist IN artists], 'string_agg', ', '), '') AS title,
    album_type,
    if(released_on IS NULL, '', coalesce(release_date, '')) AS released
FROM catalogue
LEFT JOIN (
    SELECT album_id, list(item('artist', id, name, url) ORDER BY place) AS artists FROM album_credits GROUP BY album_id
) AS credits ON credits.album_id = catalogue.id;

-- One cover per album, of the newer object: the smallest that is sharp on a card, else the largest.
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

-- Sightings

CREATE TABLE listing_runs AS
SELECT DISTINCT seen_at FROM release_sightings WHERE seen_at IS NOT NULL;

-- Ranks in the plain listing, the only one that has them. An album listed twice counts at its best position.
CREATE VIEW standings AS
SELECT market, seen_at, run_id, album_id, min(position) AS position
FROM release_sightings
WHERE query IS NULL
GROUP BY ALL;

CREATE TABLE arrivals AS
SELECT album_id, min(seen_at) AS seen_at
FROM release_sightings
GROUP BY album_id;

-- Albums of watched artists: by a credit, or because the artist's own listing showed them.
CREATE TABLE watched_albums AS
SELECT credit.album_id, artist.name
FROM album_credits AS credit
JOIN watched_artists AS artist ON artist.artist_id = credit.id
UNION
SELECT sighting.album_id, artist.name
FROM release_sightings AS sighting
JOIN watched_artists AS artist ON sighting.query = 'artist:' || artist.artist_id;

-- Albums first seen more than a week after release. The first reading of a market, an artist or a search does not count:
-- it returns older albums too.
CREATE TABLE late_arrivals AS
WITH paths AS (
    SELECT
        album_id,
        seen_at,
        min(seen_at) OVER (
            PARTITION BY
                market,
                CASE WHEN query IS NULL THEN '' WHEN starts_with(query, 'artist:') THEN query ELSE 'search' END
        ) AS since
    FROM release_sightings
)
SELECT arrivals.album_id, arrivals.seen_at, arrivals.seen_at::DATE - album.day AS days
FROM arrivals
JOIN catalogue AS album ON album.id = arrivals.album_id
WHERE
    arrivals.seen_at::DATE - album.day > 7
    AND EXISTS (
        FROM paths
        WHERE paths.album_id = arrivals.album_id AND paths.seen_at = arrivals.seen_at AND paths.since < arrivals.seen_at
    );

-- Albums first seen by the latest run that saw any, in the order of the cards.
CREATE TABLE new_albums AS
WITH latest AS (
    SELECT max(seen_at) AS seen_at FROM arrivals SEMI JOIN catalogue ON id = album_id
), watched AS (
    SELECT album_id, true AS is_watched FROM watched_albums GROUP BY album_id
), best AS (
    SELECT album_id, min(position) AS position, min_by(market, (position, market)) AS market
    FROM standings WHERE seen_at = (FROM latest) GROUP BY album_id
), sighted AS (
    SELECT
        album_id,
        list(DISTINCT market ORDER BY market) FILTER (market <> '*') AS markets,
        bool_or(starts_with(query, 'artist:')) AS by_artist
    FROM release_sightings WHERE seen_at = (FROM latest) GROUP BY album_id
)
SELECT
    row_number() OVER (
        ORDER BY is_watched NULLS LAST, best.position NULLS LAST, released_on DESC NULLS LAST, arrivals.album_id
    ) AS place,
    place <= 120 AS is_shown, -- a first load can bring a thousand, and a phone has to open the page
    arrivals.album_id,
    arrivals.seen_at,
    best.position AS rank,
    best.market AS rank_market,
    coalesce(sighted.markets, []) AS markets,
    coalesce(sighted.by_artist, false) AS by_artist,
    coalesce(watched.is_watched, false) AS is_watched,
    late.days AS days_late
FROM arrivals
JOIN catalogue ON catalogue.id = arrivals.album_id
JOIN sighted ON sighted.album_id = arrivals.album_id
LEFT JOIN best ON best.album_id = arrivals.album_id
LEFT JOIN watched ON watched.album_id = arrivals.album_id
LEFT JOIN late_arrivals AS late ON late.album_id = arrivals.album_id
WHERE arrivals.seen_at = (FROM latest);

CREATE VIEW recent_late_arrivals AS
FROM late_arrivals WHERE seen_at >= (SELECT max(seen_at) FROM listing_runs) - INTERVAL 28 DAY;

-- Release calendar: four weeks back from the latest run, and four ahead.

CREATE VIEW latest_day AS
SELECT coalesce((SELECT max(seen_at)::DATE FROM listing_runs), (SELECT max(released_on) FROM catalogue)) AS today;

CREATE TABLE calendar_albums AS
SELECT
    id,
    catalogue.day,
    if(album_type IN ('album', 'single', 'ep', 'compilation'), album_type, 'other') AS album_type,
    row_number() OVER (PARTITION BY catalogue.day ORDER BY name, id) AS number
FROM catalogue, latest_day
WHERE catalogue.day BETWEEN today - 28 AND today + 28;

-- Listings of the latest run. Markets whose latest twelve runs are equal, position by position, share one.

CREATE TABLE listings AS
WITH runs_back AS (
    SELECT *, dense_rank() OVER (PARTITION BY market ORDER BY seen_at DESC) AS back
    FROM standings
    WHERE market IN (SELECT market FROM standings WHERE seen_at = (SELECT max(seen_at) FROM standings))
), paths AS (
    SELECT
        market,
        count(DISTINCT seen_at) AS runs,
        max(seen_at) AS after,
        max(seen_at) FILTER (back = 2) AS before,
        min(seen_at) AS since,
        list((seen_at, position, album_id) ORDER BY seen_at, position, album_id) AS path
    FROM runs_back
    WHERE back <= 12
    GROUP BY market
), distinct_paths AS (
    SELECT
        list(market ORDER BY market) AS markets,
        any_value(runs) AS runs,
        any_value(after) AS after,
        any_value(before) AS before,
        any_value(since) AS since
    FROM paths
    GROUP BY path
)
SELECT row_number() OVER (ORDER BY markets) AS number, markets[1] AS market, * FROM distinct_paths;

-- Albums in both of the latest two runs of a listing. 'rising' and 'falling' are the eight that moved most.
CREATE TABLE moves AS
WITH moved AS (
    SELECT
        listings.number,
        listings.market,
        after.album_id,
        before.position AS was,
        after.position AS now,
        before.position - after.position AS up,
        row_number() OVER (PARTITION BY listings.number ORDER BY up DESC, after.position) AS from_top,
        row_number() OVER (PARTITION BY listings.number ORDER BY up, after.position DESC) AS from_bottom
    FROM listings
    JOIN standings AS after ON after.market = listings.market AND after.seen_at = listings.after
    JOIN standings AS before
        ON before.market = listings.market AND before.seen_at = listings.before AND before.album_id = after.album_id
    SEMI JOIN catalogue ON catalogue.id = after.album_id
)
SELECT
    *,
    CASE WHEN up > 0 AND from_top <= 8 THEN 'rising' WHEN up < 0 AND from_bottom <= 8 THEN 'falling' ELSE 'others' END
        AS kind
FROM moved;

-- Artists credited together, on an album or on a track of it.

CREATE TABLE artist_pairs AS
WITH credits AS (
    SELECT album_id, 0 AS disc_number, 0 AS track_number, id FROM album_credits
    UNION
    SELECT album_id, disc_number, track_number, id FROM track_credits
)
SELECT
    one.id AS one,
    other.id AS other,
    count(DISTINCT album_id) AS albums,
    count(*) FILTER (disc_number > 0) AS tracks,
    max_by(album_id, (released_on, album_id)) AS latest
FROM credits AS one
JOIN credits AS other USING (album_id, disc_number, track_number)
JOIN catalogue ON catalogue.id = album_id
WHERE one.id < other.id
GROUP BY ALL;

CREATE TABLE top_pairs AS
WITH top AS (
    FROM artist_pairs ORDER BY tracks DESC, albums DESC, one, other LIMIT 12
), names AS (
    SELECT id, item('artist', id, any_value(name), any_value(url)) AS artist
    FROM (SELECT id, name, url FROM album_credits UNION ALL SELECT id, name, url FROM track_credits)
    WHERE id IN (SELECT unnest([one, other]) FROM top)
    GROUP BY id
)
SELECT
    row_number() OVER (ORDER BY tracks DESC, albums DESC, one, other) AS place,
    top.*,
    first.artist AS first_artist,
    second.artist AS second_artist,
    first.artist.name || ' and ' || second.artist.name AS pair
FROM top
JOIN names AS first ON first.id = top.one
JOIN names AS second ON second.id = top.other;

-- Runs

CREATE TABLE runs AS
SELECT
    row_number() OVER (ORDER BY started_at DESC) AS back, -- 1 is the latest
    started_at,
    epoch(finished_at - started_at) AS seconds,
    exit_code,
    CASE exit_code -- as in spotify_pipeline/exits.py
        WHEN 0 THEN 'complete'
        WHEN 1 THEN 'a bug'
        WHEN 69 THEN 'API or destination unavailable'
        WHEN 75 THEN 'something is pending'
        WHEN 77 THEN 'refused by Spotify'
        ELSE 'exit ' || exit_code
    END AS ended,
    reason,
    coalesce(albums_new, 0) AS albums_new,
    coalesce(albums_fetched, 0) AS albums_fetched,
    coalesce(tracks_loaded, 0) AS tracks_loaded,
    coalesce(albums_pending, 0) AS albums_pending,
    browse_allowed,
    if(json_type(calls) = 'OBJECT', calls, '{}') AS calls,
    if(json_type(blocked_until) = 'OBJECT', blocked_until, '{}') AS blocked_until
FROM load_runs
WHERE started_at IS NOT NULL;

CREATE VIEW run_calls AS
SELECT back, started_at, bucket.key AS bucket, coalesce(TRY_CAST(bucket.value AS BIGINT), 0) AS calls
FROM runs, json_each(calls) AS bucket;
