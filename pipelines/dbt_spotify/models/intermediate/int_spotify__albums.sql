{{ config(materialized="table") }}

with sighted as (

    select
        album_id,
        max(load_id) as load_id,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at
    from {{ ref('stg_spotify__release_sightings') }}
    where album_id is not null
    group by album_id

),

listed as (

    select
        releases.album_id,
        nullif(releases.album_name, '') as album_name,
        releases.album_type,
        releases.total_tracks,
        releases.release_date,
        releases.released_on,
        releases.market,
        releases.is_playable,
        releases.spotify_url,
        releases.row_id,
        greatest(releases.load_id, coalesce(sighted.load_id, releases.load_id)) as heard_in
    from {{ ref('stg_spotify__new_releases') }} as releases
    left join sighted on releases.album_id = sighted.album_id

),

fetched as (

    select
        album_id,
        nullif(album_name, '') as album_name,
        album_type,
        total_tracks,
        release_date,
        released_on,
        label,
        upc,
        ean,
        popularity,
        market,
        is_playable,
        spotify_url,
        row_id,
        load_id as fetched_in
    from {{ ref('stg_spotify__albums') }}

),

album_ids as (

    select album_id from listed
    union
    select album_id from fetched
    union
    select album_id from sighted
    union
    select album_id from {{ ref('stg_spotify__album_tracks') }}

),

together as (

    select
        album_ids.album_id,
        {{ newest_word('album_name') }} as album_name,
        {{ newest_album_type() }} as album_type,
        listed.album_type as listed_album_type,
        fetched.album_type as fetched_album_type,
        {{ newest_word('total_tracks') }} as total_tracks,
        fetched.total_tracks as fetched_total_tracks,
        {{ newest_of_date('release_date') }} as release_date,
        {{ newest_of_date('released_on') }} as released_on,
        fetched.label,
        fetched.upc as upc_as_sent,
        coalesce({{ barcode('fetched.upc') }}, {{ barcode('fetched.ean') }}) as upc,
        fetched.popularity,
        -- is_playable refers to a market: the one in which the tracks were fetched.
        coalesce(fetched.market, listed.market) as market,
        case
            when fetched.market <> listed.market then fetched.is_playable
            else {{ newest_word('is_playable') }}
        end as is_playable,
        {{ newest_word('spotify_url') }} as spotify_url,
        sighted.first_seen_at,
        sighted.last_seen_at,
        fetched.album_id is not null as is_fetched,
        {{ is_listing_newer() }} as is_listing_newer,
        fetched.row_id as album_row_id,
        listed.row_id as release_row_id
    from album_ids
    left join fetched on album_ids.album_id = fetched.album_id
    left join listed on album_ids.album_id = listed.album_id
    left join sighted on album_ids.album_id = sighted.album_id

),

dated as (

    select
        *,
        -- From the date itself: the precision that Spotify sends cannot exceed it.
        case
            when released_on is null then 'unknown'
            when {{ fully_matches('release_date', '[0-9]{4}') }} then 'year'
            when {{ fully_matches('release_date', '[0-9]{4}-[0-9]{2}') }} then 'month'
            else 'day'
        end as release_precision
    from together

)

select
    *,
    case release_precision
        when 'year' then make_date(cast(extract(year from released_on) as integer), 12, 31)
        when 'month' then cast(date_trunc('month', released_on) + interval '1' month - interval '1' day as date)
        when 'day' then released_on
    end as release_period_end,
    {{ title_key('album_name') }} as title_key
from dated
