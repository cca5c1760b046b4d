-- Time that albums stay on each market's list, and the albums that are still on it. Each id counts, editions included.
with listings as (

    select
        market,
        max(seen_at) as last_whole_at
    from {{ ref('fct_spotify__release_sightings') }}
    where is_listing_whole
    group by market

),

seen as (

    select
        album_id,
        market,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        count(distinct cast(seen_at as date)) as days_seen,
        min(rank) as best_rank
    from {{ ref('fct_spotify__release_sightings') }}
    group by album_id, market

)

select
    seen.market,
    albums.album_id,
    albums.album_name,
    albums.artist_names,
    albums.album_type,
    cast(seen.first_seen_at as date) as first_seen_on,
    cast(seen.last_seen_at as date) as last_seen_on,
    seen.days_seen,
    seen.best_rank,
    -- An album is off the list once a complete listing lacks it.
    coalesce(listings.last_whole_at <= seen.last_seen_at, true) as is_listed
from seen
inner join {{ ref('dim_spotify__albums') }} as albums on seen.album_id = albums.album_id
left join listings on seen.market = listings.market
order by seen.days_seen desc, seen.best_rank, albums.album_name collate "C", albums.album_id collate "C", seen.market
