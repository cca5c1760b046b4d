-- A warning, because --resources lets a run load some tables only: a run listed albums and has no sightings, or albums that
-- it saw are not in new_releases although others are.
{{ config(severity='warn') }}

select
    runs.run_id,
    'no sightings' as what,
    runs.albums_listed as albums
from {{ ref('fct_spotify__load_runs') }} as runs
where
    runs.is_loaded
    and runs.albums_listed > 0
    and runs.run_id not in (select run_id from {{ ref('stg_spotify__release_sightings') }})

union all

select
    runs.run_id,
    'neither albums nor tracks' as what,
    runs.albums_fetched as albums
from (
    select
        *,
        row_number() over (order by started_at desc, run_id desc) as age
    from {{ ref('fct_spotify__load_runs') }}
    where is_loaded and albums_fetched > 0
) as runs
where
    runs.age = 1
    and runs.load_id not in (select load_id from {{ ref('stg_spotify__albums') }})
    and runs.load_id not in (select load_id from {{ ref('stg_spotify__album_tracks') }})

union all

select
    max(sightings.run_id) as run_id,
    'albums that are not in new_releases' as what,
    count(distinct sightings.album_id) as albums
from {{ ref('stg_spotify__release_sightings') }} as sightings
where
    sightings.album_id not in (select album_id from {{ ref('stg_spotify__new_releases') }})
    and exists (select 1 from {{ ref('stg_spotify__new_releases') }})
having count(*) > 0
