-- Who has climbed and who has fallen since the last run, in each market?
select
    sightings.market,
    albums.album_name,
    albums.artist_names,
    sightings.previous_rank,
    sightings.rank,
    sightings.rank_change
from {{ ref('fct_release_sightings') }} as sightings
inner join {{ ref('dim_albums') }} as albums on sightings.album_id = albums.album_id
where sightings.rank_change <> 0
qualify sightings.seen_at = max(sightings.seen_at) over (partition by sightings.market)
order by sightings.market, abs(sightings.rank_change) desc, sightings.rank
