with images as (

    select
        albums.album_id,
        images.image_url,
        images.width,
        images.list_index,
        case when albums.is_listing_newer then 2 else 1 end as choice
    from {{ ref('stg_spotify__album_images') }} as images
    inner join {{ ref('int_spotify__albums') }} as albums on images.album_row_id = albums.album_row_id

    union all

    select
        albums.album_id,
        images.image_url,
        images.width,
        images.list_index,
        case when albums.is_listing_newer then 1 else 2 end as choice
    from {{ ref('stg_spotify__new_release_images') }} as images
    inner join {{ ref('int_spotify__albums') }} as albums on images.release_row_id = albums.release_row_id

),

ranked as (

    select
        album_id,
        image_url,
        row_number() over (partition by album_id order by choice, coalesce(width, 0) desc, list_index) as place
    from images

)

select
    album_id,
    image_url as cover_url
from ranked
where place = 1
