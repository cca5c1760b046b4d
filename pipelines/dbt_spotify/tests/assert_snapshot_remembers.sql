-- The oldest version of an album is as old as the build that first had one. If it is younger, the snapshot was emptied:
-- earlier changes cannot be rebuilt, only restored from a copy of the file. The rest of the snapshot is valid.
{{ config(severity='warn') }}

select
    arrivals.album_id,
    min(arrivals.versioned_at) as versioned_at,
    min(versions.dbt_valid_from) as oldest_version_from
from {{ ref('int_spotify__first_sightings') }} as arrivals
inner join {{ ref('snap_spotify__albums') }} as versions on arrivals.album_id = versions.album_id
group by arrivals.album_id
having min(versions.dbt_valid_from) > min(arrivals.versioned_at)
