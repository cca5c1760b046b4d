with source as (

    select * from {{ as_declared('_dlt_loads') }}
    where status = 0

),

renamed as (

    -- dlt can record a load twice: the first time counts.
    select
        load_id,
        cast(min(inserted_at) at time zone 'UTC' as timestamp) as finished_at

    from source
    group by load_id

)

select * from renamed
