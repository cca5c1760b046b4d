-- Which artists have been seen together for the first time in the last seven days of the data?
select
    first_artist_name,
    second_artist_name,
    first_seen_at,
    releases_together,
    tracks_together
from {{ ref('rpt_artist_pairs') }}
qualify first_seen_at > max(first_seen_at) over () - interval 7 day
order by first_seen_at desc, releases_together desc, tracks_together desc, first_artist_name, second_artist_name
