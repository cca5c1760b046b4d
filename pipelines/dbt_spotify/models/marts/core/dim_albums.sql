with albums as (

    select * from {{ ref('int_albums') }}

),

credits as (

    select
        album_id,
        string_agg(artist_name, ', ' order by artist_position) as artist_names,
        count(*) as artists
    from {{ ref('int_album_credits') }}
    group by album_id

),

covers as (

    select
        album_row_id as row_id,
        arg_max(image_url, coalesce(width, 0)) as cover_url
    from {{ ref('stg_spotify__album_images') }}
    group by album_row_id

    union all

    select
        release_row_id as row_id,
        arg_max(image_url, coalesce(width, 0)) as cover_url
    from {{ ref('stg_spotify__new_release_images') }}
    group by release_row_id

),

tracks as (

    select
        album_id,
        count(*) as tracks_loaded,
        sum(duration_ms) as duration_ms,
        bool_or(is_explicit) as is_explicit
    from {{ ref('stg_spotify__album_tracks') }}
    group by album_id

),

sightings as (

    select
        album_id,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        bool_or(is_listed) as is_listed,
        arg_min(was_there_at_first, first_seen_at) as was_there_at_first
    from {{ ref('int_album_sightings') }}
    group by album_id

)

select
    albums.album_id,
    albums.album_name,
    credits.artist_names,
    albums.album_type,
    albums.listed_album_type,
    albums.fetched_album_type,
    albums.release_date,
    albums.release_precision,
    albums.released_on,
    albums.release_period_end,
    albums.label,
    albums.upc,
    albums.upc_as_sent,
    cast(albums.popularity as integer) as popularity,
    cast(albums.total_tracks as integer) as total_tracks,
    cast(coalesce(tracks.tracks_loaded, 0) as integer) as tracks_loaded,
    cast(tracks.duration_ms as bigint) as duration_ms,
    tracks.is_explicit,
    groups.release_group_id,
    cast(groups.albums_in_group as integer) as albums_in_group,
    groups.is_first_of_group,
    albums.market,
    albums.is_playable,
    albums.is_fetched,
    sightings.first_seen_at,
    sightings.last_seen_at,
    coalesce(sightings.is_listed, false) as is_listed,
    -- When an album came that the first listing already had is not known.
    if(
        sightings.was_there_at_first,
        null,
        cast(sightings.first_seen_at as date) - albums.release_period_end > {{ var('late_after_days') }}
    ) as has_surfaced_late,
    coalesce(album_covers.cover_url, listed_covers.cover_url) as cover_url,
    albums.spotify_url
from albums
inner join {{ ref('int_release_groups') }} as groups on albums.album_id = groups.album_id
left join credits on albums.album_id = credits.album_id
left join covers as album_covers on albums.album_row_id = album_covers.row_id
left join covers as listed_covers on albums.release_row_id = listed_covers.row_id
left join tracks on albums.album_id = tracks.album_id
left join sightings on albums.album_id = sightings.album_id
