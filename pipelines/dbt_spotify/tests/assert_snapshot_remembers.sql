-- The oldest version of an album is no younger than the build that first knew one. Where it is, the snapshot was emptied
-- and has begun anew: what had changed before can't be built again, only be put back from a copy of the file. Nothing else
-- is wrong with it.
{{ config(severity='warn') }}

select
    arrivals.album_id,
    min(arrivals.versioned_at) as versioned_at,
    min(versions.dbt_valid_from) as oldest_version_from
from {{ ref('int_spotify__first_sightings') }} as arrivals
inner join {{ ref('snap_spotify__albums') }} as versions on arrivals.album_id = versions.album_id
group by arrivals.album_id
having min(versions.dbt_valid_from) > min(arrivals.versioned_at)
