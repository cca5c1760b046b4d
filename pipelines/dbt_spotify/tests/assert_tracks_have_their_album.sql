-- A load that contains both tables has each album in both: an album with tracks and no row is lost.
select
    tracks.album_id,
    count(*) as tracks
from {{ ref('stg_spotify__album_tracks') }} as tracks
where
    tracks.load_id in (select load_id from {{ ref('stg_spotify__albums') }})
    and tracks.album_id not in (select album_id from {{ ref('stg_spotify__albums') }})
group by tracks.album_id
