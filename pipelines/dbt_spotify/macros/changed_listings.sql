{#
    Start time of the first listing of each market that differs from its stored rows. Rows from then on are rewritten,
    because each depends on the ones before; earlier rows stay. Unchanged markets have no row.
#}
{% macro changed_listings(stored_sightings) %}
    select
        coalesce(runs.market, stored.market) as market,
        min(least(coalesce(runs.seen_at, stored.seen_at), coalesce(stored.seen_at, runs.seen_at))) as changed_from
    from (
        select * from {{ ref('int_spotify__listing_runs') }}
        where albums > 0
    ) as runs
    full join (
        select
            run_id,
            market,
            min(seen_at) as seen_at,
            count(*) as albums,
            {{ fingerprint(['album_id', 'cast(rank as bigint)', 'discovered_via']) }} as fingerprint,
            min(cast(is_listing_whole as integer)) as is_whole
        from {{ stored_sightings }}
        group by run_id, market
    ) as stored
        on runs.run_id = stored.run_id and runs.market = stored.market
    where
        runs.albums is distinct from stored.albums
        or runs.fingerprint is distinct from stored.fingerprint
        or runs.seen_at is distinct from stored.seen_at
        or cast(runs.is_whole as integer) is distinct from stored.is_whole
    group by coalesce(runs.market, stored.market)
{% endmacro %}

{# Delete removed albums, then the rows to rewrite. Removing an album changes no other row. #}
{% macro remove_changed_listings(stored_sightings) %}
    delete from {{ stored_sightings }}
    where album_id not in (
        select distinct album_id from {{ ref('stg_spotify__release_sightings') }} where album_id is not null
    );

    delete from {{ stored_sightings }}
    where exists (
        select 1
        from ({{ changed_listings(stored_sightings) }}) as changed
        where
            {{ stored_sightings }}.market = changed.market
            and {{ stored_sightings }}.seen_at >= changed.changed_from
    )
{% endmacro %}
