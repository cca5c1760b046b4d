{{ config(materialized="table") }}

-- Rank of each album; the better one if it is listed twice. Removed albums still count, because a listing would
-- otherwise look shorter than it was.
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

judged as (

    select
        listings.run_id,
        listings.market,
        listings.seen_at,
        listings.depth,
        listings.albums,
        listings.fingerprint,
        -- A killed run has no row, and a listing that --limit ended counts as complete in its run: the depth decides.
        coalesce(runs.is_listing_complete, false)
        and listings.depth >= {{ var('shortest_listing_share') }} * coalesce(
            max(listings.depth) over (
                partition by listings.market
                order by listings.seen_at, listings.run_id
                rows between 10 preceding and 1 preceding
            ),
            0
        ) as is_whole
    from listings
    left join {{ ref('stg_spotify__load_runs') }} as runs on listings.run_id = runs.run_id

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
