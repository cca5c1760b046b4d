with phonogram_lines as (

    select
        albums.album_id,
        {{ phonogram_owner('copyrights.copyright_text') }} as owner_name
    from {{ ref('stg_spotify__album_copyrights') }} as copyrights
    inner join {{ ref('stg_spotify__albums') }} as albums on copyrights.album_row_id = albums.row_id
    where copyrights.copyright_type = 'P'
    qualify row_number() over (partition by albums.album_id order by copyrights.list_index) = 1

),

named as (

    select
        albums.album_id,
        albums.release_group_id,
        albums.tracks_loaded,
        coalesce(nullif(trim(albums.label), ''), phonogram_lines.owner_name, 'unknown') as label_name,
        case
            when nullif(trim(albums.label), '') is not null then 'label'
            when phonogram_lines.owner_name is not null then 'phonogram'
            else 'none'
        end as named_by
    from {{ ref('dim_spotify__albums') }} as albums
    left join phonogram_lines on albums.album_id = phonogram_lines.album_id
    where albums.is_fetched

)

select
    label_name,
    named_by,
    cast(count(*) as integer) as albums,
    cast(count(distinct release_group_id) as integer) as releases,
    cast(sum(tracks_loaded) as integer) as tracks,
    count(*) / sum(count(*)) over () as album_share
from named
group by label_name, named_by
