with source as (

    select * from {{ as_declared('album_tracks__artists') }}
    where _dlt_root_id in (select row_id from {{ ref('stg_spotify__album_tracks') }})

),

renamed as (

    select
        -- ids
        _dlt_root_id as track_row_id,
        cast(_dlt_list_idx as integer) as list_index,
        id as artist_id,

        -- attributes
        name as artist_name,

        -- links
        uri as spotify_uri,
        external_urls__spotify as spotify_url,

        -- load
        _dlt_id as row_id

    from source

)

select * from renamed
