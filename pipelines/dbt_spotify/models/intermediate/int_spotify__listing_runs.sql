{{ config(materialized="table") }}

-- Where each album stood: one that is listed twice counts by its better place. What was removed still took a place:
-- without it a listing would look shorter than it was, or be forgotten.
with placed as (

    select
        run_id,
        market,
        album_id,
        min(position) as rank,
        max(position) as last_position,
        min(discovered_via) as discovered_via,
        min(seen_at) as seen_at
    from {{ ref('stg_spotify__release_sightings') }}
    where is_of_listing and (album_id is not null or is_removed)
    group by run_id, market, album_id

),

listings as (

    select
        run_id,
        market,
        min(seen_at) as seen_at,
        max(last_position) as depth,
        count(album_id) as albums,
        {{ fingerprint(['album_id', 'rank', 'discovered_via']) }} filter (where album_id is not null) as fingerprint
    from placed
    group by run_id, market

),

runs as (

    select
        run_id,
        case
            when is_listing_complete is not null then is_listing_complete
            when exit_code = 0 then true
            -- Rows from before there was a column have but words: all that is missing is albums. Nobody writes such
            -- rows any more, so that the words can't change.
            when exit_code = 75 then {{ fully_matches(
                "coalesce(reason, '')",
                '((the (quota|daily_calls) of album(s|_tracks)? (is|are) spent'
                ~ '|album(s|_tracks)? was rate limited for too long)(; )?)*'
                ~ '([0-9]+ albums? failed [^\n]*)?'
            ) }}
            else false
        end as is_read_to_its_end
    from {{ ref('stg_spotify__load_runs') }}

),

judged as (

    select
        listings.run_id,
        listings.market,
        listings.seen_at,
        listings.depth,
        listings.albums,
        listings.fingerprint,
        -- A run that was killed left no word, and --limit ends a listing as well as its end does: then the depth tells.
        coalesce(runs.is_read_to_its_end, false)
        and listings.depth >= {{ var('shortest_listing_share') }} * coalesce(
            max(listings.depth) over (
                partition by listings.market
                order by listings.seen_at, listings.run_id
                rows between 10 preceding and 1 preceding
            ),
            0
        ) as is_whole
    from listings
    left join runs on listings.run_id = runs.run_id

)

select
    run_id,
    market,
    seen_at,
    depth,
    albums,
    fingerprint,
    is_whole,
    row_number() over (partition by market order by seen_at, run_id) as run_number,
    sum(cast(is_whole as integer)) over (
        partition by market
        order by seen_at, run_id
        rows between unbounded preceding and current row
    ) as whole_runs,
    min(case when is_whole then seen_at end) over (
        partition by market
        order by seen_at, run_id
        rows between 1 following and unbounded following
    ) as next_whole_at
from judged
