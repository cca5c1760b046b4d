with albums as (

    select * from {{ ref('int_spotify__albums') }}

),

credits as (

    select
        album_id,
        string_agg(artist_name, ', ' order by artist_position) as artist_names,
        count(*) as artists
    from {{ ref('int_spotify__album_credits') }}
    group by album_id

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
        bool_or(is_listed) as is_listed,
        -- If several markets saw it at once, a market that had been listed before has its arrival time.
        bool_and(was_there_at_first) filter (where first_seen_at = first_seen_anywhere_at) as was_there_at_first
    from (
        select
            *,
            min(first_seen_at) over (partition by album_id) as first_seen_anywhere_at
        from {{ ref('int_spotify__album_sightings') }}
    ) as by_market
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
    cast(albums.fetched_total_tracks as integer) as fetched_total_tracks,
    cast(coalesce(tracks.tracks_loaded, 0) as integer) as tracks_loaded,
    cast(tracks.duration_ms as bigint) as duration_ms,
    tracks.is_explicit,
    groups.release_group_id,
    cast(groups.albums_in_group as integer) as albums_in_group,
    groups.is_first_of_group,
    albums.market,
    albums.is_playable,
    albums.is_fetched,
    albums.first_seen_at,
    albums.last_seen_at,
    coalesce(sightings.is_listed, false) as is_listed,
    -- The arrival time of an album in the first listing is unknown.
    case
        when not sightings.was_there_at_first
            then cast(sightings.first_seen_at as date) - albums.release_period_end > {{ var('late_after_days') }}
    end as has_surfaced_late,
    covers.cover_url,
    albums.spotify_url
from albums
inner join {{ ref('int_spotify__release_groups') }} as groups on albums.album_id = groups.album_id
left join credits on albums.album_id = credits.album_id
left join {{ ref('int_spotify__album_covers') }} as covers on albums.album_id = covers.album_id
left join tracks on albums.album_id = tracks.album_id
left join sightings on albums.album_id = sightings.album_id
