-- Spotify names the artists of each album and track. One in twenty may lack a name or all artists (withdrawn albums
-- lose them); more have lost them during the load. Needs at least twenty rows.
with things as (

    select 'listed albums' as what, row_id from {{ ref('stg_spotify__new_releases') }}
    union all
    select 'albums' as what, row_id from {{ ref('stg_spotify__albums') }}
    union all
    select 'tracks' as what, row_id from {{ ref('stg_spotify__album_tracks') }}

),

artists as (

    select release_row_id as row_id, artist_id, artist_name from {{ ref('stg_spotify__new_release_artists') }}
    union all
    select album_row_id as row_id, artist_id, artist_name from {{ ref('stg_spotify__album_artists') }}
    union all
    select track_row_id as row_id, artist_id, artist_name from {{ ref('stg_spotify__album_track_artists') }}

),

named as (

    select distinct row_id from artists
    where artist_id is not null and artist_name <> ''

)

select
    things.what,
    count(*) as things_found,
    count(*) - count(named.row_id) as without_artist
from things
left join named on things.row_id = named.row_id
group by things.what
having count(*) >= 20 and count(*) - count(named.row_id) > 0.05 * count(*)
