with source as (

    select * from {{ as_declared('watched_artists') }}
    where _dlt_load_id in (select load_id from {{ ref('base_spotify__finished_loads') }})

),

renamed as (

    select
        -- ids
        artist_id as watch_key,
        case when artist_id not like 'name:%' then artist_id end as artist_id,

        -- artist
        listed_as,
        name as artist_name,
        resolved as resolution,
        candidates,

        -- outcome
        cast(checked_at at time zone 'UTC' as timestamp) as checked_at,
        cast(due_at at time zone 'UTC' as timestamp) as due_at,
        cast(swept_at at time zone 'UTC' as timestamp) as swept_at,
        albums_found,
        failures,
        last_error,
        run_id,

        -- load
        _dlt_load_id as load_id,
        _dlt_id as row_id

    from source

)

select * from renamed
