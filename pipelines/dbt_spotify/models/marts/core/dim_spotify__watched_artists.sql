with albums as (

    select
        credits.artist_id,
        count(*) as albums,
        max(albums.released_on) as newest_released_on,
        max(albums.first_seen_at) as newest_seen_at
    from {{ ref('int_spotify__album_credits') }} as credits
    inner join {{ ref('dim_spotify__albums') }} as albums on credits.album_id = albums.album_id
    group by credits.artist_id

)

select
    watched.watch_key,
    watched.artist_id,
    watched.listed_as,
    watched.artist_name,
    watched.resolution,
    watched.candidates,
    watched.checked_at,
    watched.due_at,
    watched.swept_at,
    cast(watched.albums_found as integer) as albums_found,
    cast(coalesce(albums.albums, 0) as integer) as albums,
    albums.newest_released_on,
    albums.newest_seen_at,
    cast(watched.failures as integer) as failures,
    watched.last_error
from {{ ref('stg_spotify__watched_artists') }} as watched
left join albums on watched.artist_id = albums.artist_id
