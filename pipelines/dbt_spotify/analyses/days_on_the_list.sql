-- How long do albums stay on the list, and which are still on it?
select
    sightings.market,
    albums.album_name,
    albums.artist_names,
    albums.album_type,
    cast(min(sightings.seen_at) as date) as first_seen_on,
    cast(max(sightings.seen_at) as date) as last_seen_on,
    count(distinct cast(sightings.seen_at as date)) as days_seen,
    min(sightings.rank) as best_rank,
    albums.is_listed
from {{ ref('fct_release_sightings') }} as sightings
inner join {{ ref('dim_albums') }} as albums on sightings.album_id = albums.album_id
group by all
order by days_seen desc, best_rank, albums.album_name
