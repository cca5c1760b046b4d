-- Who owns most recordings, by the ℗ lines? Unlike labels, these are sent to every app.
select
    {{ phonogram_owner('copyrights.copyright_text') }} as owner_name,
    count(distinct albums.release_group_id) as releases,
    count(distinct albums.album_id) as albums,
    sum(albums.tracks_loaded) as tracks
from {{ ref('stg_spotify__album_copyrights') }} as copyrights
inner join {{ ref('stg_spotify__albums') }} as fetched on copyrights.album_row_id = fetched.row_id
inner join {{ ref('dim_spotify__albums') }} as albums on fetched.album_id = albums.album_id
where copyrights.copyright_type = 'P'
group by owner_name
order by releases desc, tracks desc, owner_name
limit 50
