-- Albums whose first track is shorter than a minute.
select
    albums.album_name,
    albums.artist_names,
    tracks.track_name,
    cast(round(tracks.duration_ms / 1000.0) as integer) as seconds,
    albums.tracks_loaded
from {{ ref('fct_spotify__album_tracks') }} as tracks
inner join {{ ref('dim_spotify__albums') }} as albums on tracks.album_id = albums.album_id
where
    tracks.album_position = 1
    and tracks.duration_ms < 60000
    and albums.tracks_loaded > 1
order by tracks.duration_ms, albums.album_name collate "C"
