{{ config(materialized="table") }}

with placed as (

    select
        sightings.album_id,
        sightings.market,
        sightings.rank,
        runs.run_number,
        runs.seen_at
    from {{ ref('fct_spotify__release_sightings') }} as sightings
    inner join {{ ref('int_spotify__listing_runs') }} as runs
        on sightings.run_id = runs.run_id and sightings.market = runs.market

),

seen as (

    select
        album_id,
        market,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        min(run_number) as first_run_number,
        max(run_number) as last_run_number,
        count(*) as runs_seen,
        {{ count_of_few('cast(seen_at as date)') }} as days_seen,
        min(rank) as best_rank,
        {{ value_at_last('rank', 'run_number') }} as last_rank
    from placed
    group by album_id, market

)

select
    seen.album_id,
    seen.market,
    seen.first_seen_at,
    seen.last_seen_at,
    seen.runs_seen,
    seen.days_seen,
    seen.best_rank,
    seen.last_rank,
    seen.first_run_number = 1 as was_there_at_first,
    -- Only a complete listing without the album shows that it left.
    last_runs.next_whole_at as left_at,
    last_runs.next_whole_at is null as is_listed
from seen
inner join {{ ref('int_spotify__listing_runs') }} as last_runs
    on seen.market = last_runs.market and seen.last_run_number = last_runs.run_number
