with source as (

    select * from {{ as_declared('album_tracks') }}
    where _dlt_load_id in (select load_id from {{ ref('base_spotify__finished_loads') }})

),

renamed as (

    select
        -- ids
        album_id,
        disc_number,
        track_number,
        id as track_id,
        linked_from__id as original_track_id,

        -- attributes
        name as track_name,
        duration_ms,
        explicit as is_explicit,

        -- playability
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
