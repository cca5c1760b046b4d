{{ config(materialized="table") }}

with ranks as (

    select
        ranks.*,
        runs.run_number
    from {{ ref('int_release_ranks') }} as ranks
    inner join {{ ref('int_listing_runs') }} as runs on ranks.run_id = runs.run_id and ranks.market = runs.market

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
        count(distinct cast(seen_at as date)) as days_seen,
        min(rank) as best_rank,
        max_by(rank, run_number) as last_rank
    from ranks
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
    -- Only a whole listing without the album shows that it left.
    min(missed.seen_at) as left_at,
    min(missed.seen_at) is null as is_listed
from seen
left join {{ ref('int_listing_runs') }} as missed
    on
        seen.market = missed.market
        and seen.last_run_number < missed.run_number
        and missed.is_whole
group by all
