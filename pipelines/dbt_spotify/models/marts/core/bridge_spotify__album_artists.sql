select
    album_id,
    artist_id,
    cast(artist_position as integer) as artist_position
from {{ ref('int_spotify__album_credits') }}
