with places as (

    select
        *,
        count(*) over (partition by track_id) as places,
        -- A track on several albums is described as on the album that was loaded last.
        row_number() over (
            partition by track_id
            order by load_id desc nulls last, album_id collate "C", disc_number, track_number
        ) as choice
    from {{ ref('stg_spotify__album_tracks') }}
    where track_id is not null

)

select
    track_id,
    track_name,
    duration_ms,
    is_explicit,
    cast(places as integer) as places,
    album_id,
    cast(disc_number as integer) as disc_number,
    cast(track_number as integer) as track_number,
    spotify_url
from places
where choice = 1
