{{ config(materialized="table") }}

with fetched as (

    select
        albums.album_id,
        artists.artist_id,
        artists.artist_name,
        artists.spotify_url,
        artists.list_index,
        stg.load_id,
        case when albums.is_listing_newer then 2 else 1 end as choice
    from {{ ref('stg_spotify__album_artists') }} as artists
    inner join {{ ref('int_spotify__albums') }} as albums on artists.album_row_id = albums.album_row_id
    inner join {{ ref('stg_spotify__albums') }} as stg on artists.album_row_id = stg.row_id
    where artists.artist_id is not null

),

listed as (

    select
        albums.album_id,
        artists.artist_id,
        artists.artist_name,
        artists.spotify_url,
        artists.list_index,
        stg.load_id,
        case when albums.is_listing_newer then 1 else 2 end as choice
    from {{ ref('stg_spotify__new_release_artists') }} as artists
    inner join {{ ref('int_spotify__albums') }} as albums on artists.release_row_id = albums.release_row_id
    inner join {{ ref('stg_spotify__new_releases') }} as stg on artists.release_row_id = stg.row_id
    where artists.artist_id is not null

),

credited as (

    select * from fetched
    union all
    select * from listed

),

-- The newer list of artists is used as a whole; two lists are never merged.
ranked as (

    select
        *,
        min(choice) over (partition by album_id) as best_choice,
        row_number() over (partition by album_id, artist_id, choice order by list_index) as mention
    from credited

)

select
    album_id,
    artist_id,
    artist_name,
    spotify_url,
    load_id,
    row_number() over (partition by album_id order by list_index) as artist_position
from ranked
where choice = best_choice and mention = 1
