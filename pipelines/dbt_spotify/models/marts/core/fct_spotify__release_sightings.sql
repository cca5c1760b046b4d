{#
    Rewrites listings that are new or different, and all later listings of their markets. The result equals a full refresh
    even if data arrives late or changes.
#}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ remove_changed_listings(this) }}{% endif %}"
) }}

with placed as (

    select
        sightings.run_id,
        sightings.market,
        sightings.album_id,
        min(sightings.position) as rank,
        min(sightings.discovered_via) as discovered_via
    from {{ ref('stg_spotify__release_sightings') }} as sightings
    {% if is_incremental() %}
        inner join {{ ref('int_spotify__listing_runs') }} as runs
            on sightings.run_id = runs.run_id and sightings.market = runs.market
        inner join ({{ changed_listings(this) }}) as changed
            on runs.market = changed.market and runs.seen_at >= changed.changed_from
    {% endif %}
    where sightings.is_of_listing and sightings.album_id is not null
    group by sightings.run_id, sightings.market, sightings.album_id

),

known as (

    select
        run_id,
        market,
        album_id,
        rank,
        discovered_via,
        true as is_to_write
    from placed

    {% if is_incremental() %}
        union all

        -- Stored rows of the same albums, which later rows are compared with.
        select
            stored.run_id,
            stored.market,
            stored.album_id,
            stored.rank,
            stored.discovered_via,
            false as is_to_write
        from {{ this }} as stored
        where (stored.market, stored.album_id) in (select market, album_id from placed)
    {% endif %}

),

compared as (

    select
        known.*,
        runs.seen_at,
        runs.is_whole,
        lag(known.rank) over sightings as last_rank,
        -- Complete listings between the last sighting and this one: each shows that the album was off the list.
        runs.whole_runs - cast(runs.is_whole as integer) - lag(runs.whole_runs) over sightings as listings_missed
    from known
    inner join {{ ref('int_spotify__listing_runs') }} as runs on known.run_id = runs.run_id and known.market = runs.market
    window sightings as (partition by known.market, known.album_id order by runs.run_number)

)

-- With types: inserted rows must match the columns of the table.
select
    cast(md5(concat_ws('|', album_id, market, run_id)) as varchar) as sighting_key,
    cast(album_id as varchar) as album_id,
    market,
    run_id,
    seen_at,
    cast(discovered_via as varchar) as discovered_via,
    cast(rank as integer) as rank,
    cast(case when listings_missed = 0 then last_rank end as integer) as previous_rank,
    cast(case when listings_missed = 0 then last_rank - rank end as integer) as rank_change,
    cast(case
        when last_rank is null then 'new'
        when listings_missed > 0 then 'back'
        when rank < last_rank then 'up'
        when rank > last_rank then 'down'
        else 'same'
    end as varchar) as movement,
    is_whole as is_listing_whole
from compared
where is_to_write
