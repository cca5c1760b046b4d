with sightings as (

    select
        run_id,
        market,
        min(seen_at) as seen_at,
        max(position) as depth,
        count(distinct album_id) as albums
    from {{ ref('stg_spotify__release_sightings') }}
    where album_id is not null
    group by run_id, market

),

runs as (

    select
        run_id,
        -- Complete, or all that is missing is albums: the words are those of the pipeline's report.
        exit_code = 0 or (
            exit_code = 75
            and regexp_full_match(
                coalesce(reason, ''),
                '((the (quota|daily_calls) of album(s|_tracks)? (is|are) spent'
                || '|album(s|_tracks)? was rate limited for too long)(; )?)*'
                || '(\d+ albums? failed .*)?'
            )
        ) as read_to_its_end
    from {{ ref('stg_spotify__load_runs') }}

),

judged as (

    select
        sightings.run_id,
        sightings.market,
        sightings.seen_at,
        sightings.depth,
        sightings.albums,
        -- A run that was killed left no word, and --limit leaves none: then the depth tells.
        coalesce(runs.read_to_its_end, false)
        and sightings.depth >= {{ var('shortest_listing_share') }} * coalesce(
            max(sightings.depth) over (
                partition by sightings.market
                order by sightings.seen_at, sightings.run_id
                rows between 10 preceding and 1 preceding
            ),
            0
        ) as is_whole
    from sightings
    left join runs on sightings.run_id = runs.run_id

)

select
    *,
    row_number() over (partition by market order by seen_at, run_id) as run_number,
    count_if(is_whole) over (
        partition by market
        order by seen_at, run_id
        rows between unbounded preceding and current row
    ) as whole_runs
from judged
