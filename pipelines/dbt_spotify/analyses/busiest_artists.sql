-- Artists with the most releases. Editions of one release count once; guests on tracks are included.
select
    artist_name,
    releases,
    albums,
    tracks,
    albums_with_tracks
from {{ ref('dim_spotify__artists') }}
where not is_various_artists
order by releases desc, tracks desc, artist_name collate "C"
limit 50
