-- Albums with other values when they were fetched again, or with other values in the listing than in the album object.
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
        versions.album_id,
        versions.dbt_valid_from as changed_at,
        change.field,
        change.was,
        change.is_now
    from versions
    cross join lateral (
        values
        ('name', versions.earlier_name, versions.album_name),
        ('type', versions.earlier_type, versions.album_type),
        ('tracks', cast(versions.earlier_total_tracks as varchar), cast(versions.total_tracks as varchar)),
        ('release date', versions.earlier_release_date, versions.release_date),
        ('label', versions.earlier_label, versions.label),
        ('upc', versions.earlier_upc, versions.upc)
    ) as change (field, was, is_now)
    where versions.earlier_from is not null

),

listed_otherwise as (

    select
        gaps.album_id,
        albums.last_seen_at as changed_at,
        'tracks' as field,
        cast(gaps.total_tracks as varchar) as was,
        cast(gaps.listed_total_tracks as varchar) as is_now
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
    changes.field,
    changes.was,
    changes.is_now
from changes
inner join {{ ref('dim_spotify__albums') }} as albums on changes.album_id = albums.album_id
-- A value that was null before has not changed: the app has another quota mode.
where changes.was <> changes.is_now
order by changes.changed_at desc, albums.album_name collate "C", changes.field collate "C"
