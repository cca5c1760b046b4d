with albums as (

    select * from {{ ref('dim_spotify__albums') }}
    where released_on is not null

)

select
    albums.released_on,
    albums.release_precision,
    albums.release_period_end,
    case when albums.release_precision = 'day' then dates.day_name end as day_name,
    case when albums.release_precision = 'day' then dates.music_week_start end as music_week_start,
    cast(count(*) as integer) as albums,
    cast(count(distinct albums.release_group_id) as integer) as releases,
    cast(count(*) filter (where albums.album_type = 'album') as integer) as long_players,
    cast(count(*) filter (where albums.album_type = 'single') as integer) as singles,
    cast(count(*) filter (where albums.album_type = 'ep') as integer) as eps,
    cast(count(*) filter (where albums.album_type = 'compilation') as integer) as compilations,
    cast(sum(albums.tracks_loaded) as integer) as tracks,
    cast(count(*) filter (where albums.has_surfaced_late) as integer) as surfaced_late,
    cast(count(albums.has_surfaced_late) as integer) as seen_coming
from albums
inner join {{ ref('dim_spotify__dates') }} as dates on albums.released_on = dates.date_day
group by
    albums.released_on,
    albums.release_precision,
    albums.release_period_end,
    dates.day_name,
    dates.music_week_start
