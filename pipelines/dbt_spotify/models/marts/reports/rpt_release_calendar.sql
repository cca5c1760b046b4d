with albums as (

    select * from {{ ref('dim_albums') }}
    where released_on is not null

)

select
    albums.released_on,
    albums.release_precision,
    albums.release_period_end,
    if(albums.release_precision = 'day', dates.day_name, null) as day_name,
    if(albums.release_precision = 'day', dates.music_week_start, null) as music_week_start,
    cast(count(*) as integer) as albums,
    cast(count(distinct albums.release_group_id) as integer) as releases,
    cast(count_if(albums.album_type = 'album') as integer) as long_players,
    cast(count_if(albums.album_type = 'single') as integer) as singles,
    cast(count_if(albums.album_type = 'ep') as integer) as eps,
    cast(count_if(albums.album_type = 'compilation') as integer) as compilations,
    cast(sum(albums.tracks_loaded) as integer) as tracks,
    cast(count_if(albums.has_surfaced_late) as integer) as surfaced_late
from albums
inner join {{ ref('dim_dates') }} as dates on albums.released_on = dates.date_day
group by all
