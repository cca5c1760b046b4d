-- Track and album length by release month.
select
    dates.month_start,
    albums.album_type,
    count(distinct albums.album_id) as albums,
    {{ rounded('cast(count(*) as double precision) / count(distinct albums.album_id)', 1) }} as tracks_per_album,
    cast({{ rounded(
        'percentile_cont(0.5) within group (order by tracks.duration_ms) / 1000.0', 0
    ) }} as integer) as median_track_seconds,
    cast({{ rounded('avg(tracks.duration_ms) / 1000.0', 0) }} as integer) as mean_track_seconds
from {{ ref('fct_spotify__album_tracks') }} as tracks
inner join {{ ref('dim_spotify__albums') }} as albums on tracks.album_id = albums.album_id
inner join {{ ref('dim_spotify__dates') }} as dates on albums.released_on = dates.date_day
where albums.release_precision in ('day', 'month')
group by dates.month_start, albums.album_type
order by dates.month_start desc, albums.album_type
