with source as (

    select * from {{ as_declared('load_runs') }}

),

renamed as (

    select
        -- ids
        run_id,
        load_id,

        -- outcome
        cast(started_at at time zone 'UTC' as timestamp) as started_at,
        cast(finished_at at time zone 'UTC' as timestamp) as finished_at,
        cast(exit_code as integer) as exit_code,
        reason,
        listing_complete as is_listing_complete,
        closed as closed_buckets,

        -- discovery
        discovered_via,
        browse_allowed as is_browse_allowed,
        batch_allowed as is_batch_allowed,
        markets,

        -- calls
        calls,
        retries,
        seconds_waited,
        blocked_until,

        -- counts
        albums_listed,
        albums_new,
        albums_fetched,
        albums_gone,
        albums_short,
        tracks_loaded,
        albums_pending

    from source

)

select * from renamed
