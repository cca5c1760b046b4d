with fetched as (

    select
        albums.album_id,
        artists.artist_id,
        artists.artist_name,
        artists.spotify_url,
        artists.list_index,
        albums.load_id
    from {{ ref('stg_spotify__album_artists') }} as artists
    inner join {{ ref('stg_spotify__albums') }} as albums on artists.album_row_id = albums.row_id
    where artists.artist_id is not null

),

listed as (

    select
        releases.album_id,
        artists.artist_id,
        artists.artist_name,
        artists.spotify_url,
        artists.list_index,
        releases.load_id
    from {{ ref('stg_spotify__new_release_artists') }} as artists
    inner join {{ ref('stg_spotify__new_releases') }} as releases on artists.release_row_id = releases.row_id
    where artists.artist_id is not null

),

-- The listing stands in for an album that is not fetched yet.
credited as (

    select * from fetched
    union all
    select * from listed where album_id not in (select album_id from fetched)

),

first_mention as (

    select *
    from credited
    qualify row_number() over (partition by album_id, artist_id order by list_index) = 1

)

select
    album_id,
    artist_id,
    artist_name,
    spotify_url,
    load_id,
    row_number() over (partition by album_id order by list_index) as artist_position
from first_mention
