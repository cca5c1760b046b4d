-- Tracks without any album are expected only if albums were never requested (--resources).
{{ config(severity='warn') }}

select
    count(*) as tracks,
    (select count(*) from {{ ref('stg_spotify__albums') }}) as albums
from {{ ref('stg_spotify__album_tracks') }}
having count(*) > 0 and (select count(*) from {{ ref('stg_spotify__albums') }}) = 0
