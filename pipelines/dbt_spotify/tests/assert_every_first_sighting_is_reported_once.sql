-- Days add up to what was ever seen, in every market.
with reported as (

    select
        market,
        sum(albums_first_seen) as albums
    from {{ ref('rpt_new_releases_daily') }}
    group by market

),

seen as (

    select
        market,
        count(distinct album_id) as albums
    from {{ ref('fct_release_sightings') }}
    group by market

)

select *
from reported
full join seen using (market)
where reported.albums is distinct from seen.albums
