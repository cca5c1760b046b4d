-- Which UPCs does Spotify list under several ids?
select
    upc,
    count(*) as albums,
    string_agg(distinct album_name, ' / ' order by album_name) as album_names,
    string_agg(distinct artist_names, ' / ' order by artist_names) as artist_names,
    count(*) filter (where is_explicit) as explicit_albums,
    list_sort(list(album_id)) as album_ids
from {{ ref('dim_spotify__albums') }}
where upc is not null
group by upc
having count(*) > 1
order by albums desc, upc
