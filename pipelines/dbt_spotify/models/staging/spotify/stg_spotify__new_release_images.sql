with source as (

    select * from {{ as_declared('new_releases__images') }}
    where _dlt_root_id in (select row_id from {{ ref('stg_spotify__new_releases') }})

),

renamed as (

    select
        -- ids
        _dlt_root_id as release_row_id,
        cast(_dlt_list_idx as integer) as list_index,

        -- attributes
        url as image_url,
        height,
        width,

        -- load
        _dlt_id as row_id

    from source

)

select * from renamed
