with source as (

    select * from {{ as_declared('release_sightings') }}
    where _dlt_load_id in (select load_id from {{ ref('base_spotify__finished_loads') }})

),

renamed as (

    select
        -- ids
        run_id,
        market,
        position,
        nullif(album_id, 'removed') as album_id,
        coalesce(album_id = 'removed', false) as is_removed,

        -- sighting
        discovered_via,
        query,
        -- Only the plain listing has ranks. Results of watchlist searches and extra queries have none.
        query is null as is_of_listing,
        cast(seen_at at time zone 'UTC' as timestamp) as seen_at,

        -- load
        _dlt_load_id as load_id,
        _dlt_id as row_id

    from source

)

select * from renamed
