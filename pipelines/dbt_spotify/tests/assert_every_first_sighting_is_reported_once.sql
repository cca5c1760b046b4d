-- The days add up to all arrivals in each market, and every album that is still there has arrived.
with reported as (

    select
        market,
        sum(albums_first_seen) as albums
    from {{ ref('rpt_spotify__new_releases_daily') }}
    group by market

),

arrived as (

    select
        market,
        count(*) as albums,
        count(distinct album_id) as albums_kept
    from {{ ref('int_spotify__first_sightings') }}
    group by market

),

seen as (

    select
        market,
        count(distinct album_id) as albums
    from {{ ref('fct_spotify__release_sightings') }}
    group by market

)

select *
from arrived
full join reported on arrived.market = reported.market
full join seen on arrived.market = seen.market
where
    reported.albums is distinct from arrived.albums
    or coalesce(seen.albums, 0) <> coalesce(arrived.albums_kept, 0)
