-- Loads finish one after the other. Rows of a load that never finished, although later ones did, are never read. If no
-- load has finished yet, the first is still running.
{% for table in ['new_releases', 'release_sightings', 'albums', 'album_tracks'] %}
    select
        '{{ table }}' as table_name,
        _dlt_load_id as load_id,
        count(*) as rows_found
    from {{ as_declared(table) }}
    where
        _dlt_load_id not in (select load_id from {{ ref('base_spotify__finished_loads') }})
        and _dlt_load_id < (select max(load_id) from {{ ref('base_spotify__finished_loads') }})
    group by _dlt_load_id
    {{ 'union all' if not loop.last }}
{% endfor %}
