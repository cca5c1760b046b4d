-- total_tracks, tracks_loaded and the loaded tracks. Spotify announces a track too many on about one album in a hundred;
-- if half of the albums differ, a column is wrong. tracks_loaded is counted by the pipeline and equals the loaded tracks
-- as long as album and tracks are of one load.
with tracks as (

    select
        album_id,
        max(load_id) as load_id,
        count(*) as tracks
    from {{ ref('stg_spotify__album_tracks') }}
    group by album_id

)

select
    'total_tracks' as what,
    count(*) as albums,
    count(*) filter (where albums.total_tracks <> tracks.tracks) as wrong
from {{ ref('stg_spotify__albums') }} as albums
inner join tracks on albums.album_id = tracks.album_id
having count(*) >= 20 and count(*) filter (where albums.total_tracks <> tracks.tracks) > 0.5 * count(*)

union all

select
    'tracks_loaded' as what,
    count(*) as albums,
    count(*) filter (where albums.tracks_loaded <> tracks.tracks) as wrong
from {{ ref('stg_spotify__albums') }} as albums
inner join tracks on albums.album_id = tracks.album_id and albums.load_id = tracks.load_id
having count(*) filter (where albums.tracks_loaded <> tracks.tracks) > 0
