with artists as (

    select * from {{ ref('dim_spotify__artists') }}
    where not is_various_artists

),

credits as (

    select
        'album' as together_on,
        album_id as credit_id,
        album_id,
        cast(null as varchar) as track_id,
        artist_id
    from {{ ref('bridge_spotify__album_artists') }}

    union all

    select
        'track' as together_on,
        concat_ws(' ', album_id, disc_number, track_number) as credit_id,
        album_id,
        track_id,
        artist_id
    from {{ ref('int_spotify__track_credits') }}

),

-- Each pair once: the smaller id is the first artist.
pairs as (

    select
        one.artist_id as first_artist_id,
        other.artist_id as second_artist_id,
        one.album_id,
        one.track_id
    from credits as one
    inner join credits as other
        on
            one.together_on = other.together_on
            and one.credit_id = other.credit_id
            and one.artist_id collate "C" < other.artist_id collate "C"

)

select
    pairs.first_artist_id,
    pairs.second_artist_id,
    first_artists.artist_name as first_artist_name,
    second_artists.artist_name as second_artist_name,
    cast(count(distinct albums.release_group_id) as integer) as releases_together,
    cast(count(distinct pairs.album_id) as integer) as albums_together,
    cast(count(distinct pairs.track_id) as integer) as tracks_together,
    min(albums.first_seen_at) as first_seen_at,
    min(albums.released_on) as first_released_on,
    max(albums.released_on) as last_released_on
from pairs
inner join {{ ref('dim_spotify__albums') }} as albums on pairs.album_id = albums.album_id
inner join artists as first_artists on pairs.first_artist_id = first_artists.artist_id
inner join artists as second_artists on pairs.second_artist_id = second_artists.artist_id
group by
    pairs.first_artist_id,
    pairs.second_artist_id,
    first_artists.artist_name,
    second_artists.artist_name
