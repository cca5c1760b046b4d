-- Is the list fresh, and did the last run finish?
select
    run_id as last_run,
    started_at,
    outcome,
    reason,
    is_loaded,
    albums_pending,
    blocked_until,
    max(loaded_at) over () as last_loaded_at,
    date_diff('hour', max(loaded_at) over (), cast(now() at time zone 'UTC' as timestamp)) as hours_since,
    hours_since < 36 as is_fresh
from {{ ref('fct_spotify__load_runs') }}
qualify row_number() over (order by started_at desc, run_id desc) = 1
