-- UPCs that Spotify lists under several ids.
select
    upc,
    count(*) as albums,
    string_agg(
        distinct cast(album_name as text) collate "C", ' / ' order by cast(album_name as text) collate "C"
    ) as album_names,
    string_agg(
        distinct cast(artist_names as text) collate "C", ' / ' order by cast(artist_names as text) collate "C"
    ) as artist_names,
    count(*) filter (where is_explicit) as explicit_albums,
    array_agg(album_id order by album_id collate "C") as album_ids
from {{ ref('dim_spotify__albums') }}
where upc is not null
group by upc
having count(*) > 1
order by albums desc, upc
