-- Albums that are in one market and not in another, or that reached it later, with the delay in days.
-- Listings that were read by market are compared with each other: an album is missing in a market once a complete
-- listing of that market lacks it. A listing without a market ('*') has available_markets, which is compared instead.
-- With a single market, other_market is null.
with seen as (

    select
        album_id,
        market,
        min(seen_at) as first_seen_at
    from {{ ref('fct_spotify__release_sightings') }}
    group by album_id, market

),

markets as (

    select distinct market from seen where market <> '*'

),

whole_listings as (

    select distinct
        market,
        seen_at
    from {{ ref('fct_spotify__release_sightings') }}
    where is_listing_whole

),

listed as (

    select
        seen.album_id,
        seen.market,
        markets.market as other_market,
        seen.first_seen_at,
        there.first_seen_at as first_seen_there_at
    from seen
    left join markets on seen.market <> markets.market
    left join seen as there on seen.album_id = there.album_id and markets.market = there.market
    where
        seen.market <> '*'
        and (
            markets.market is null
            or exists (
                select 1
                from whole_listings as without_it
                where
                    without_it.market = markets.market
                    and without_it.seen_at >= seen.first_seen_at
                    and (there.first_seen_at is null or without_it.seen_at < there.first_seen_at)
            )
        )

),

available as (

    select
        album_id,
        {{ elements_of('available_markets') }} as market
    from {{ ref('stg_spotify__new_releases') }}
    where market = '*'

),

unavailable as (

    select
        seen.album_id,
        '*' as market,
        everywhere.market as other_market,
        seen.first_seen_at,
        cast(null as timestamp) as first_seen_there_at
    from seen
    cross join (select distinct market from available) as everywhere
    where
        seen.market = '*'
        and seen.album_id in (select album_id from available)
        and (seen.album_id, everywhere.market) not in (select album_id, market from available)

),

compared as (

    select * from listed
    union all
    select * from unavailable

)

select
    albums.album_name,
    albums.artist_names,
    compared.market,
    compared.other_market,
    cast(compared.first_seen_at as date) as seen_on,
    cast(compared.first_seen_there_at as date) - cast(compared.first_seen_at as date) as days_later
from compared
inner join {{ ref('dim_spotify__albums') }} as albums on compared.album_id = albums.album_id
where compared.first_seen_there_at is null or compared.first_seen_there_at > compared.first_seen_at
order by
    days_later desc nulls last,
    albums.album_name collate "C",
    compared.market,
    compared.other_market,
    albums.album_id collate "C"
