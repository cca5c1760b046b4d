-- Every fetched album has one current version.
select
    albums.album_id,
    count(versions.album_id) as versions
from {{ ref('stg_spotify__albums') }} as albums
left join {{ ref('snap_spotify__albums') }} as versions
    on albums.album_id = versions.album_id and versions.dbt_valid_to is null
group by albums.album_id
having count(versions.album_id) <> 1
