select
    album_id,
    cast(disc_number as integer) as disc_number,
    cast(track_number as integer) as track_number,
    cast(row_number() over (partition by album_id order by disc_number, track_number) as integer) as album_position,
    track_id,
    original_track_id,
    original_track_id is not null as is_relinked,
    track_name,
    duration_ms,
    is_explicit,
    is_playable,
    restriction_reason
from {{ ref('stg_spotify__album_tracks') }}
