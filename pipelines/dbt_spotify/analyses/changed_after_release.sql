-- What was different in albums when they were fetched again, or is now listed differently than it was fetched?
{{ config(enabled=var('spotify_reports_enabled', true)) }}
with versions as (

    select
        *,
        lag(dbt_valid_from) over versions as earlier_from,
        lag(album_name) over versions as earlier_name,
        lag(album_type) over versions as earlier_type,
        lag(total_tracks) over versions as earlier_total_tracks,
        lag(release_date) over versions as earlier_release_date,
        lag(label) over versions as earlier_label,
        lag(upc) over versions as earlier_upc
    from {{ ref('snap_spotify__albums') }}
    window versions as (partition by album_id order by dbt_valid_from)

),

fetched_again as (

    select
        album_id,
        dbt_valid_from as changed_at,
        unnest([
            {field: 'name', was: earlier_name, is_now: album_name},
            {field: 'type', was: earlier_type, is_now: album_type},
            {field: 'tracks', was: cast(earlier_total_tracks as varchar), is_now: cast(total_tracks as varchar)},
            {field: 'release date', was: earlier_release_date, is_now: release_date},
            {field: 'label', was: earlier_label, is_now: label},
            {field: 'upc', was: earlier_upc, is_now: upc}
        ]) as change
    from versions
    where earlier_from is not null

),

listed_otherwise as (

    select
        gaps.album_id,
        albums.last_seen_at as changed_at,
        {
            field: 'tracks',
            was: cast(gaps.total_tracks as varchar),
            is_now: cast(gaps.listed_total_tracks as varchar)
        } as change
    from {{ ref('rpt_spotify__catalogue_gaps') }} as gaps
    inner join {{ ref('dim_spotify__albums') }} as albums on gaps.album_id = albums.album_id
    where gaps.gap = 'changed since'

),

changes as (

    select * from fetched_again
    union all
    select * from listed_otherwise

)

select
    albums.album_name,
    albums.artist_names,
    albums.released_on,
    cast(changes.changed_at as date) - albums.released_on as days_after_release,
    changes.change.field as field,
    changes.change.was as was,
    changes.change.is_now as is_now
from changes
inner join {{ ref('dim_spotify__albums') }} as albums on changes.album_id = albums.album_id
-- A value that was never known has not changed: the app's regime has.
where changes.change.was <> changes.change.is_now
order by changes.changed_at desc, albums.album_name, field
