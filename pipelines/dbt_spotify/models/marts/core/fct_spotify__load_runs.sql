with runs as (

    select * from {{ ref('stg_spotify__load_runs') }}

)

select
    runs.run_id,
    runs.started_at,
    runs.finished_at,
    cast(extract(epoch from runs.finished_at - runs.started_at) as double precision) as duration_seconds,
    runs.exit_code,
    case runs.exit_code
        when 0 then 'complete'
        when 75 then 'pending'
        when 69 then 'unavailable'
        when 77 then 'refused'
        when 130 then 'interrupted'
        else 'defect'
    end as outcome,
    runs.reason,
    runs.is_listing_complete,
    runs.closed_buckets,
    runs.load_id,
    loads.load_id is not null as is_loaded,
    loads.finished_at as loaded_at,
    runs.discovered_via,
    runs.is_browse_allowed,
    runs.is_batch_allowed,
    runs.markets,
    runs.calls,
    cast(coalesce({{ total_of_values('runs.calls') }}, 0) as bigint) as calls_made,
    runs.retries,
    runs.seconds_waited,
    runs.albums_listed,
    runs.albums_new,
    runs.albums_fetched,
    runs.albums_gone,
    runs.albums_short,
    runs.tracks_loaded,
    runs.albums_pending,
    runs.blocked_until
from runs
left join {{ ref('base_spotify__finished_loads') }} as loads on runs.load_id = loads.load_id
