with first_seen as (

    select
        album_id,
        min(first_seen_at) as first_seen_at
    from {{ ref('int_spotify__album_sightings') }}
    group by album_id

),

album_credits as (

    select
        credits.artist_id,
        count(*) as albums,
        count(distinct groups.release_group_id) as releases,
        min(first_seen.first_seen_at) as first_seen_at
    from {{ ref('int_spotify__album_credits') }} as credits
    inner join {{ ref('int_spotify__release_groups') }} as groups on credits.album_id = groups.album_id
    left join first_seen on credits.album_id = first_seen.album_id
    group by credits.artist_id

),

track_credits as (

    select
        artist_id,
        count(distinct track_id) as tracks,
        count(distinct album_id) as albums_with_tracks
    from {{ ref('int_spotify__track_credits') }}
    group by artist_id

),

mentions as (

    select artist_id, artist_name, spotify_url, load_id, album_id from {{ ref('int_spotify__album_credits') }}
    union all
    select artist_id, artist_name, spotify_url, load_id, album_id from {{ ref('int_spotify__track_credits') }}

),

-- Artists change their names: the last one loaded counts, and in one load that of the first album. Grouping before
-- comparing takes a fraction of the memory of ranking all mentions.
last_load as (

    select
        artist_id,
        max(load_id) as load_id
    from mentions
    group by artist_id

),

last_mention as (

    select
        mentions.artist_id,
        min(array[mentions.album_id collate "C", mentions.artist_name, mentions.spotify_url]) as said
    from mentions
    inner join last_load on mentions.artist_id = last_load.artist_id and mentions.load_id = last_load.load_id
    group by mentions.artist_id

)

select
    last_mention.artist_id,
    last_mention.said[2] as artist_name,
    last_mention.said[2] = '{{ var("various_artists") }}' as is_various_artists,
    cast(coalesce(album_credits.albums, 0) as integer) as albums,
    cast(coalesce(album_credits.releases, 0) as integer) as releases,
    cast(coalesce(track_credits.tracks, 0) as integer) as tracks,
    cast(coalesce(track_credits.albums_with_tracks, 0) as integer) as albums_with_tracks,
    album_credits.first_seen_at,
    last_mention.said[3] as spotify_url
from last_mention
left join album_credits on last_mention.artist_id = album_credits.artist_id
left join track_credits on last_mention.artist_id = track_credits.artist_id
