-- An id that many rows share or lack identifies nothing. A track can be on two albums, editions share a UPC, and an
-- artist has many tracks; the thresholds are far beyond that. Needs a minimum number of rows.
select
    'tracks' as what,
    count(*) as things,
    count(distinct track_id) as ids
from {{ ref('stg_spotify__album_tracks') }}
having count(*) >= 50 and (count(distinct track_id) < 0.25 * count(*) or count(track_id) < 0.95 * count(*))

union all

select
    'upcs' as what,
    count(upc) as things,
    count(distinct upc) as ids
from {{ ref('stg_spotify__albums') }}
having count(upc) >= 20 and count(distinct upc) < 0.25 * count(upc)

union all

select
    'track artists' as what,
    count(*) as things,
    count(distinct artist_id) as ids
from {{ ref('stg_spotify__album_track_artists') }}
having count(*) >= 200 and count(distinct artist_id) < 3

union all

select
    'albums of a listing' as what,
    count(*) as things,
    count(distinct album_id) as ids
from {{ ref('stg_spotify__release_sightings') }}
where album_id is not null
having count(*) >= 50 and count(distinct album_id) < 3
