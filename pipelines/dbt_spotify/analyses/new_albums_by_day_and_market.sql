-- Albums released per day in each market's listing, and the share of Fridays.
with releases as (

    select distinct
        sightings.market,
        sightings.album_id,
        albums.released_on,
        dates.is_friday
    from {{ ref('fct_spotify__release_sightings') }} as sightings
    inner join {{ ref('dim_spotify__albums') }} as albums on sightings.album_id = albums.album_id
    inner join {{ ref('dim_spotify__dates') }} as dates on albums.released_on = dates.date_day
    where albums.release_precision = 'day'

)

select
    market,
    released_on,
    {{ day_name('released_on') }} as day_name,
    count(*) as albums,
    {{ rounded(
        'cast(sum(count(*)) filter (where is_friday) over (partition by market) as double precision)'
        ~ ' / cast(sum(count(*)) over (partition by market) as double precision)', 3
    ) }} as friday_share_of_market
from releases
group by market, released_on, is_friday
order by market, released_on desc
