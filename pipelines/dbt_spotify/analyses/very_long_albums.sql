-- Albums with more than 50 tracks, or longer than three hours.
select
    album_name,
    artist_names,
    album_type,
    tracks_loaded,
    {{ rounded('duration_ms / 3600000.0', 1) }} as hours
from {{ ref('dim_spotify__albums') }}
where tracks_loaded > 50 or duration_ms > 3 * 3600000
order by hours desc, tracks_loaded desc, album_name collate "C"
