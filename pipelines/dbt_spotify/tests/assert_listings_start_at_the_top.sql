-- Positions count from 1, and only empty items leave one out. A listing that starts later, or has more gaps than albums,
-- has lost rows or was shifted.
{{ config(severity='warn') }}

select
    run_id,
    market,
    min(position) as first_position,
    max(position) as last_position,
    count(*) as places
from {{ ref('stg_spotify__release_sightings') }}
where is_of_listing
group by run_id, market
having min(position) > 3 or max(position) > 2 * count(*) + 3
