with albums as (

    select
        albums.album_id,
        albums.album_name,
        albums.artist_names,
        albums.market,
        albums.is_listed,
        albums.is_fetched,
        -- The total when the tracks were fetched; the listing may announce another number since.
        coalesce(albums.fetched_total_tracks, albums.total_tracks) as total_tracks,
        albums.tracks_loaded,
        -- Totals differ between markets: only that of the same market shows a change.
        case
            when listed.market in (albums.market, '*') then cast(listed.total_tracks as integer)
        end as listed_total_tracks
    from {{ ref('dim_spotify__albums') }} as albums
    left join {{ ref('stg_spotify__new_releases') }} as listed on albums.album_id = listed.album_id

),

compared as (

    select
        *,
        case
            when not is_fetched then 'not fetched'
            when tracks_loaded < total_tracks then 'short'
            when tracks_loaded > total_tracks then 'over'
            when listed_total_tracks <> total_tracks then 'changed since'
        end as gap
    from albums

)

select
    album_id,
    album_name,
    artist_names,
    market,
    gap,
    total_tracks,
    listed_total_tracks,
    tracks_loaded,
    total_tracks - tracks_loaded as tracks_missing,
    is_listed
from compared
where gap is not null
