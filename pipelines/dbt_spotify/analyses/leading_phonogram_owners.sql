-- Owners of the most recordings, by ℗ line. Unlike labels, these are sent to every app.
with owned as (

    select
        {{ phonogram_owner('copyrights.copyright_text') }} as owner_name,
        albums.album_id,
        albums.release_group_id,
        albums.tracks_loaded
    from {{ ref('stg_spotify__album_copyrights') }} as copyrights
    inner join {{ ref('stg_spotify__albums') }} as fetched on copyrights.album_row_id = fetched.row_id
    inner join {{ ref('dim_spotify__albums') }} as albums on fetched.album_id = albums.album_id
    where copyrights.copyright_type = 'P'

)

select
    owner_name,
    count(distinct release_group_id) as releases,
    count(distinct album_id) as albums,
    sum(tracks_loaded) as tracks
from owned
group by owner_name
order by releases desc, tracks desc, owner_name collate "C"
limit 50
