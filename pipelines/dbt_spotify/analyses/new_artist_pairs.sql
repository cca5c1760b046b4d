-- Artists first seen together in the seven days before the last listing.
{{ config(enabled=var('spotify_reports_enabled', true)) }}
with last_reading as (

    select max(seen_at) as read_at
    from {{ ref('fct_spotify__release_sightings') }}

)

select
    pairs.first_artist_name,
    pairs.second_artist_name,
    pairs.first_seen_at,
    pairs.releases_together,
    pairs.tracks_together
from {{ ref('rpt_spotify__artist_pairs') }} as pairs
inner join last_reading on pairs.first_seen_at > last_reading.read_at - interval '7' day
order by
    pairs.first_seen_at desc,
    pairs.releases_together desc,
    pairs.tracks_together desc,
    pairs.first_artist_name collate "C",
    pairs.second_artist_name collate "C"
