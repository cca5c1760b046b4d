select
    tracks.album_id,
    cast(tracks.disc_number as integer) as disc_number,
    cast(tracks.track_number as integer) as track_number,
    cast(
        row_number() over (partition by tracks.album_id order by tracks.disc_number, tracks.track_number) as integer
    ) as album_position,
    albums.released_on,
    tracks.track_id,
    tracks.original_track_id,
    tracks.original_track_id is not null as is_relinked,
    tracks.track_name,
    tracks.duration_ms,
    tracks.is_explicit,
    tracks.is_playable,
    tracks.restriction_reason
from {{ ref('stg_spotify__album_tracks') }} as tracks
left join {{ ref('int_spotify__albums') }} as albums on tracks.album_id = albums.album_id
