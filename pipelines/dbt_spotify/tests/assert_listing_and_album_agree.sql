-- Listing and album object agree except for changes in between. If one album in five differs in its tracks or its date in
-- the same market, one of the two tables is wrong.
{{ config(severity='warn') }}

select
    count(*) as albums,
    count(*) filter (where listed.total_tracks <> albums.total_tracks) as other_tracks,
    count(*) filter (where listed.released_on <> albums.released_on) as other_dates
from {{ ref('stg_spotify__new_releases') }} as listed
inner join {{ ref('stg_spotify__albums') }} as albums
    on listed.album_id = albums.album_id and listed.market in (albums.market, '*')
having
    count(*) >= 20
    and greatest(
        count(*) filter (where listed.total_tracks <> albums.total_tracks),
        count(*) filter (where listed.released_on <> albums.released_on)
    ) > 0.2 * count(*)
