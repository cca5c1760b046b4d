-- Albums that climbed or fell in the last listing of each market. No rows where nothing moved.
with last_listings as (

    select
        market,
        max(seen_at) as seen_at
    from {{ ref('fct_spotify__release_sightings') }}
    group by market

)

select
    sightings.market,
    albums.album_name,
    albums.artist_names,
    sightings.previous_rank,
    sightings.rank,
    sightings.rank_change
from {{ ref('fct_spotify__release_sightings') }} as sightings
inner join last_listings on sightings.market = last_listings.market and sightings.seen_at = last_listings.seen_at
inner join {{ ref('dim_spotify__albums') }} as albums on sightings.album_id = albums.album_id
where sightings.rank_change <> 0
order by sightings.market, abs(sightings.rank_change) desc, sightings.rank
