with readings as (

    select
        market,
        cast(seen_at as date) as seen_on,
        count(*) as runs
    from {{ ref('int_spotify__listing_runs') }}
    group by market, cast(seen_at as date)

),

counted as (

    select
        market,
        cast(first_seen_at as date) as seen_on,
        count(*) as albums_first_seen,
        count(*) filter (where was_there_at_first) as albums_there_at_first,
        count(distinct release_key) as releases_first_seen,
        count(*) filter (where has_surfaced_late) as albums_surfaced_late,
        count(*) filter (where has_release_day) as albums_with_release_day,
        count(*) filter (where is_friday_release) as albums_released_on_friday
    from {{ ref('int_spotify__first_sightings') }}
    group by market, cast(first_seen_at as date)

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
    cast(counted.albums_released_on_friday as double precision) / nullif(counted.albums_with_release_day, 0) as friday_share
from readings
left join counted on readings.market = counted.market and readings.seen_on = counted.seen_on
