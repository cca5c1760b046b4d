-- Spotify itself announces a track too many now and then, on about one album in a hundred. When one fetched album in
-- twenty comes short, paging or the load is at fault. Below twenty albums a single one would tell nothing.
{{ config(severity='warn') }}

select
    count(*) filter (where tracks_loaded < fetched_total_tracks) as short_albums,
    count(*) as fetched_albums
from {{ ref('dim_spotify__albums') }}
where is_fetched
having count(*) >= 20 and count(*) filter (where tracks_loaded < fetched_total_tracks) > 0.05 * count(*)
