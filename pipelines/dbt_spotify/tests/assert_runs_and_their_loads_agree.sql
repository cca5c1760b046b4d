-- A run with a load_id has a finished load. It starts at the time in its id, ends later, and dates its sightings with its
-- start. Otherwise rows were changed afterwards, or rows of _dlt_loads are lost and models leave out the data.
with runs as (

    select * from {{ ref('fct_spotify__load_runs') }}

)

select
    run_id,
    'its load has not finished' as what
from runs
where load_id is not null and not is_loaded

union all

select
    run_id,
    'it starts when its id does not say' as what
from runs
where
    {{ fully_matches('left(run_id, 17)', '[0-9]{8}T[0-9]{6}Z-') }}
    and left(run_id, 15) <> replace(
        regexp_replace({{ as_text("date_trunc('second', started_at)") }}, '[-:]', '', 'g'), ' ', 'T'
    )

union all

select
    run_id,
    'it ends before it starts' as what
from runs
where finished_at < started_at

union all

select
    runs.run_id,
    'its sightings are of another time' as what
from runs
inner join {{ ref('int_spotify__listing_runs') }} as listings on runs.run_id = listings.run_id
where listings.seen_at <> runs.started_at
