-- Loads finish one after the other. Rows of one that never did, though later ones have, will not come to count by
-- themselves; where none has finished yet, the first is still on its way.
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
