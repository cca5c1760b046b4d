-- Share of explicit releases by type and music week. A release is explicit if any of its editions is.
with releases as (

    select
        release_group_id,
        -- The edition that names the group; another one if that has no release day.
        coalesce(max(album_type) filter (where is_first_of_group), min(album_type)) as album_type,
        min(released_on) as released_on,
        bool_or(is_explicit) as is_explicit
    from {{ ref('dim_spotify__albums') }}
    where release_precision = 'day'
    group by release_group_id

)

select
    dates.music_week_start,
    releases.album_type,
    count(*) as releases,
    count(*) filter (where releases.is_explicit) as explicit_releases,
    {{ rounded('cast(count(*) filter (where releases.is_explicit) as double precision) / count(*)', 3) }} as explicit_share
from releases
inner join {{ ref('dim_spotify__dates') }} as dates on releases.released_on = dates.date_day
where releases.is_explicit is not null
group by dates.music_week_start, releases.album_type
order by dates.music_week_start desc, releases.album_type
