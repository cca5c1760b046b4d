-- Editions in different groups: with the same UPC, or the same title, date and artists.
with artist_sets as (

    select
        album_id,
        string_agg(artist_id, ',' order by artist_id) as artist_ids
    from {{ ref('bridge_spotify__album_artists') }}
    group by album_id

),

albums as (

    select
        dim_albums.album_id,
        dim_albums.release_group_id,
        dim_albums.upc,
        concat_ws('|', artist_sets.artist_ids, dim_albums.released_on, dim_albums.album_name) as same_release
    from {{ ref('dim_spotify__albums') }} as dim_albums
    inner join artist_sets on dim_albums.album_id = artist_sets.album_id
    where dim_albums.released_on is not null and dim_albums.album_name <> ''

)

select same_release as mark from albums
group by same_release
having count(distinct release_group_id) > 1
union all
select upc as mark from {{ ref('dim_spotify__albums') }}
where upc is not null
group by upc
having count(distinct release_group_id) > 1
