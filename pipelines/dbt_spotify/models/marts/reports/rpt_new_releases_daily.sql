with readings as (

    select
        market,
        cast(seen_at as date) as seen_on,
        count(*) as runs
    from {{ ref('int_listing_runs') }}
    group by all

),

first_sightings as (

    select
        sightings.market,
        cast(sightings.first_seen_at as date) as seen_on,
        sightings.was_there_at_first,
        albums.release_group_id,
        albums.has_surfaced_late,
        albums.release_precision = 'day' as has_release_day,
        albums.release_precision = 'day' and dates.is_friday as is_friday_release
    from {{ ref('int_album_sightings') }} as sightings
    inner join {{ ref('dim_albums') }} as albums on sightings.album_id = albums.album_id
    left join {{ ref('dim_dates') }} as dates on albums.released_on = dates.date_day

),

counted as (

    select
        market,
        seen_on,
        count(*) as albums_first_seen,
        count_if(was_there_at_first) as albums_there_at_first,
        count(distinct release_group_id) as releases_first_seen,
        count_if(has_surfaced_late) as albums_surfaced_late,
        count_if(has_release_day) as albums_with_release_day,
        count_if(is_friday_release) as albums_released_on_friday
    from first_sightings
    group by market, seen_on

)

select
    readings.seen_on,
    readings.market,
    {{ music_week_start('readings.seen_on') }} as music_week_start,
    cast(readings.runs as integer) as runs,
    cast(coalesce(counted.albums_first_seen, 0) as integer) as albums_first_seen,
    cast(coalesce(counted.albums_there_at_first, 0) as integer) as albums_there_at_first,
    cast(coalesce(counted.albums_first_seen - counted.albums_there_at_first, 0) as integer) as albums_new,
    cast(coalesce(counted.releases_first_seen, 0) as integer) as releases_first_seen,
    cast(coalesce(counted.albums_surfaced_late, 0) as integer) as albums_surfaced_late,
    cast(coalesce(counted.albums_released_on_friday, 0) as integer) as albums_released_on_friday,
    counted.albums_released_on_friday / nullif(counted.albums_with_release_day, 0) as friday_share
from readings
left join counted on readings.market = counted.market and readings.seen_on = counted.seen_on
