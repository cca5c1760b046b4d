{{ config(materialized="table") }}

with credited as (

    select
        tracks.album_id,
        tracks.disc_number,
        tracks.track_number,
        tracks.track_id,
        artists.artist_id,
        artists.artist_name,
        artists.spotify_url,
        artists.list_index,
        tracks.load_id
    from {{ ref('stg_spotify__album_track_artists') }} as artists
    inner join {{ ref('stg_spotify__album_tracks') }} as tracks on artists.track_row_id = tracks.row_id
    where artists.artist_id is not null

),

ranked as (

    select
        *,
        row_number() over (
            partition by album_id, disc_number, track_number, artist_id
            order by list_index
        ) as mention
    from credited

)

select
    album_id,
    disc_number,
    track_number,
    track_id,
    artist_id,
    artist_name,
    spotify_url,
    load_id,
    row_number() over (partition by album_id, disc_number, track_number order by list_index) as artist_position
from ranked
where mention = 1
