with best as (

    select
        run_id,
        market,
        album_id,
        min(position) as rank,
        min(discovered_via) as discovered_via
    from {{ ref('stg_spotify__release_sightings') }}
    where album_id is not null
    group by run_id, market, album_id

),

placed as (

    select
        best.*,
        runs.seen_at,
        runs.run_number,
        runs.is_whole,
        runs.whole_runs
    from best
    inner join {{ ref('int_listing_runs') }} as runs on best.run_id = runs.run_id and best.market = runs.market

),

with_last_sighting as (

    select
        *,
        lag(rank) over sightings as last_rank,
        -- Whole listings after the last sighting and before this one: each shows that the album was off the list.
        whole_runs - cast(is_whole as integer) - lag(whole_runs) over sightings as listings_missed
    from placed
    window sightings as (partition by market, album_id order by run_number)

)

select
    md5(concat_ws('|', album_id, market, run_id)) as sighting_key,
    album_id,
    market,
    run_id,
    seen_at,
    discovered_via,
    rank,
    is_whole as is_listing_whole,
    if(listings_missed = 0, last_rank, null) as previous_rank,
    if(listings_missed = 0, last_rank - rank, null) as rank_change,
    case
        when last_rank is null then 'new'
        when listings_missed > 0 then 'back'
        when rank < last_rank then 'up'
        when rank > last_rank then 'down'
        else 'same'
    end as movement
from with_last_sighting
