-- Half of all tracks last between two and five minutes. A median below half a minute or above twenty means another unit.
-- Fewer than fifty tracks can be a single unusual album.
select
    count(*) as tracks,
    percentile_cont(0.5) within group (order by duration_ms) as median_ms
from {{ ref('stg_spotify__album_tracks') }}
where duration_ms is not null
having
    count(*) >= 50
    and percentile_cont(0.5) within group (order by duration_ms) not between 30000 and 1200000
