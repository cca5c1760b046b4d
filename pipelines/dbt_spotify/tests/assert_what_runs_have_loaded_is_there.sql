-- Later runs may have fetched some albums of a run again, at most as many as they report; --retain-days may have removed
-- others, which shows in the sightings. Other missing rows are lost. A table without any rows of a run may not have been
-- requested (--resources): assert_runs_have_left_something reports that.
with runs as (

    select
        run_id,
        load_id,
        started_at,
        coalesce(albums_listed, 0) as albums_listed,
        coalesce(albums_fetched, 0) as albums_fetched,
        coalesce(tracks_loaded, 0) as tracks_loaded,
        coalesce(sum(albums_fetched) over later, 0) as albums_fetched_later,
        coalesce(sum(tracks_loaded) over later, 0) as tracks_loaded_later
    from {{ ref('fct_spotify__load_runs') }}
    where is_loaded
    window later as (order by started_at, run_id rows between 1 following and unbounded following)

),

removals as (

    select count(*) as places
    from {{ ref('stg_spotify__release_sightings') }}
    where is_removed

),

listed as (

    select
        run_id,
        count(distinct album_id) as albums,
        count(*) filter (where is_removed) as removed
    from {{ ref('stg_spotify__release_sightings') }}
    group by run_id

),

fetched as (

    select
        load_id,
        count(*) as albums
    from {{ ref('stg_spotify__albums') }}
    group by load_id

),

tracks as (

    select
        load_id,
        count(*) as tracks
    from {{ ref('stg_spotify__album_tracks') }}
    group by load_id

),

counted as (

    select
        runs.run_id,
        'sightings' as what,
        runs.albums_listed as said,
        listed.albums as found,
        listed.removed as explained
    from runs
    inner join listed on runs.run_id = listed.run_id

    union all

    select
        runs.run_id,
        'albums' as what,
        runs.albums_fetched as said,
        fetched.albums as found,
        runs.albums_fetched_later as explained
    from runs
    inner join fetched on runs.load_id = fetched.load_id

    union all

    select
        runs.run_id,
        'tracks' as what,
        runs.tracks_loaded as said,
        tracks.tracks as found,
        runs.tracks_loaded_later as explained
    from runs
    inner join tracks on runs.load_id = tracks.load_id

)

select counted.*
from counted
cross join removals
where
    counted.found > counted.said
    or (
        counted.found + counted.explained < counted.said
        and (counted.what = 'sightings' or removals.places = 0)
    )
