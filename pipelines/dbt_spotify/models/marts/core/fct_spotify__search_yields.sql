select
    md5(concat_ws('|', run_id, market, query)) as yield_key,
    run_id,
    market,
    query,
    asked_at,
    cast(calls as integer) as calls,
    cast(albums_listed as integer) as albums_listed,
    cast(albums_new as integer) as albums_new,
    cast(albums_new as double precision) / nullif(calls, 0) as albums_new_per_call,
    is_whole
from {{ ref('stg_spotify__search_yields') }}
