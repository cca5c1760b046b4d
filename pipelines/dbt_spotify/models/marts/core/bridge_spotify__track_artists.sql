select
    tracks.track_id,
    credits.artist_id,
    cast(credits.artist_position as integer) as artist_position
from {{ ref('dim_spotify__tracks') }} as tracks
inner join {{ ref('int_spotify__track_credits') }} as credits
    on
        tracks.album_id = credits.album_id
        and tracks.disc_number = credits.disc_number
        and tracks.track_number = credits.track_number
