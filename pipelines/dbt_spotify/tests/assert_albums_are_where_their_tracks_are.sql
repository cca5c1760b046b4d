-- Whoever loads tracks mostly loads albums too: tracks without a single album are odd, and right only where albums were
-- never asked for (--resources).
{{ config(severity='warn') }}

select
    count(*) as tracks,
    (select count(*) from {{ ref('stg_spotify__albums') }}) as albums
from {{ ref('stg_spotify__album_tracks') }}
having count(*) > 0 and (select count(*) from {{ ref('stg_spotify__albums') }}) = 0
