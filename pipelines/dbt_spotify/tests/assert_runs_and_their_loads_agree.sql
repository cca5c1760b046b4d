-- A run that says what it loaded has a finished load; it starts when its id says, ends after that, and dates its sightings
-- so. Anything else has been changed afterwards, or rows of dlt's own table are lost, and models leave out what they know
-- of no finished load.
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
