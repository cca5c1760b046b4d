with phonogram_lines as (

    select
        albums.album_id,
        {{ phonogram_owner('copyrights.copyright_text') }} as owner_name,
        row_number() over (partition by albums.album_id order by copyrights.list_index) as place
    from {{ ref('stg_spotify__album_copyrights') }} as copyrights
    inner join {{ ref('stg_spotify__albums') }} as albums on copyrights.album_row_id = albums.row_id
    where copyrights.copyright_type = 'P'

),

named as (

    select
        albums.album_id,
        albums.release_group_id,
        albums.tracks_loaded,
        coalesce(nullif({{ trimmed('albums.label') }}, ''), phonogram_lines.owner_name, 'unknown') as label_name,
        case
            when nullif({{ trimmed('albums.label') }}, '') is not null then 'label'
            when phonogram_lines.owner_name is not null then 'phonogram'
            else 'none'
        end as named_by
    from {{ ref('dim_spotify__albums') }} as albums
    left join phonogram_lines on albums.album_id = phonogram_lines.album_id and phonogram_lines.place = 1
    where albums.is_fetched

)

select
    label_name,
    named_by,
    cast(count(*) as integer) as albums,
    cast(count(distinct release_group_id) as integer) as releases,
    cast(sum(tracks_loaded) as integer) as tracks,
    cast(count(*) as double precision) / cast(sum(count(*)) over () as double precision) as album_share
from named
group by label_name, named_by
