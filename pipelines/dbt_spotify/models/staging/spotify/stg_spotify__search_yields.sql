with source as (

    select * from {{ as_declared('search_yields') }}
    where _dlt_load_id in (select load_id from {{ ref('base_spotify__finished_loads') }})

),

renamed as (

    select
        -- ids
        run_id,
        market,
        query,

        -- yield
        cast(asked_at at time zone 'UTC' as timestamp) as asked_at,
        calls,
        albums_listed,
        albums_new,
        is_whole,

        -- load
        _dlt_load_id as load_id,
        _dlt_id as row_id

    from source

)

select * from renamed
