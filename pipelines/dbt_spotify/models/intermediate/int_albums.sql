with listed as (

    select * from {{ ref('stg_spotify__new_releases') }}

),

fetched as (

    select * from {{ ref('stg_spotify__albums') }}

),

album_ids as (

    select album_id from listed
    union
    select album_id from fetched
    union
    select album_id from {{ ref('stg_spotify__release_sightings') }} where album_id is not null
    union
    select album_id from {{ ref('stg_spotify__album_tracks') }}

),

together as (

    select
        album_ids.album_id,
        coalesce(nullif(fetched.album_name, ''), listed.album_name) as album_name,
        -- Only listings know EPs: the album object calls them singles.
        case
            when listed.album_type = 'ep' then 'ep'
            else coalesce(fetched.album_type, listed.album_type)
        end as album_type,
        listed.album_type as listed_album_type,
        fetched.album_type as fetched_album_type,
        coalesce(fetched.total_tracks, listed.total_tracks) as total_tracks,
        -- A date and what goes with it come from the same object.
        if(fetched.release_date is null, listed.release_date, fetched.release_date) as release_date,
        if(fetched.release_date is null, listed.released_on, fetched.released_on) as released_on,
        fetched.label,
        fetched.upc as upc_as_sent,
        coalesce({{ barcode('fetched.upc') }}, {{ barcode('fetched.ean') }}) as upc,
        fetched.popularity,
        coalesce(fetched.market, listed.market) as market,
        coalesce(fetched.is_playable, listed.is_playable) as is_playable,
        coalesce(fetched.spotify_url, listed.spotify_url) as spotify_url,
        fetched.album_id is not null as is_fetched,
        fetched.row_id as album_row_id,
        listed.row_id as release_row_id
    from album_ids
    left join fetched on album_ids.album_id = fetched.album_id
    left join listed on album_ids.album_id = listed.album_id

),

dated as (

    select
        *,
        -- By the date itself: the precision that comes with it can't say more than it shows.
        case
            when released_on is null then 'unknown'
            when regexp_full_match(release_date, '\d{4}') then 'year'
            when regexp_full_match(release_date, '\d{4}-\d{2}') then 'month'
            else 'day'
        end as release_precision
    from together

)

select
    *,
    case release_precision
        when 'year' then make_date(year(released_on), 12, 31)
        when 'month' then last_day(released_on)
        when 'day' then released_on
    end as release_period_end,
    {{ title_key('album_name') }} as title_key
from dated
