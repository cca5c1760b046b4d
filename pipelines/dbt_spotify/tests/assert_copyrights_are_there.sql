-- Nearly every album has copyright lines in both quota modes. If most lack them, they are lost or Spotify has stopped
-- sending them: a reason to check, not to stop.
{{ config(severity='warn') }}

select
    count(*) as fetched_albums,
    count(distinct copyrights.album_row_id) as albums_with_copyrights
from {{ ref('stg_spotify__albums') }} as albums
left join (
    select distinct album_row_id
    from {{ ref('stg_spotify__album_copyrights') }}
) as copyrights on albums.row_id = copyrights.album_row_id
having count(*) >= 20 and count(distinct copyrights.album_row_id) < 0.5 * count(*)
