-- Age of the list, and the outcome of the last run.
with runs as (

    select
        *,
        max(loaded_at) over () as last_loaded_at,
        row_number() over (order by started_at desc nulls last, run_id collate "C" desc) as age
    from {{ ref('fct_spotify__load_runs') }}

),

last_run as (

    select
        *,
        -- Full clock hours that have begun since.
        cast(
            extract(
                epoch from date_trunc('hour', cast(now() at time zone 'UTC' as timestamp))
                - date_trunc('hour', last_loaded_at)
            ) / 3600 as bigint
        ) as hours_since
    from runs
    where age = 1

)

select
    run_id as last_run,
    started_at,
    outcome,
    reason,
    is_loaded,
    albums_pending,
    blocked_until,
    last_loaded_at,
    hours_since,
    hours_since < 36 as is_fresh
from last_run
