-- Spotify announces a track too many on about one album in a hundred. If one fetched album in twenty has too few tracks,
-- paging or the load is at fault. Needs at least twenty albums.
{{ config(severity='warn') }}

select
    count(*) filter (where tracks_loaded < fetched_total_tracks) as short_albums,
    count(*) as fetched_albums
from {{ ref('dim_spotify__albums') }}
where is_fetched
having count(*) >= 20 and count(*) filter (where tracks_loaded < fetched_total_tracks) > 0.05 * count(*)
