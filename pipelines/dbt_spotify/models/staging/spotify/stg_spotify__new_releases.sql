with source as (

    select * from {{ as_declared('new_releases') }}
    where _dlt_load_id in (select load_id from {{ ref('base_spotify__finished_loads') }})

),

renamed as (

    select
        -- ids
        id as album_id,

        -- attributes
        name as album_name,
        album_type,
        total_tracks,
        release_date,
        release_date_precision,
        released_on,

        -- playability
        market,
        available_markets,
        is_playable,
        restrictions__reason as restriction_reason,

        -- links
        uri as spotify_uri,
        external_urls__spotify as spotify_url,

        -- load
        _dlt_load_id as load_id,
        _dlt_id as row_id

    from source

)

select * from renamed
