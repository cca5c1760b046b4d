-- Only dlt writes these tables, and it removes nested rows with their root. Models leave orphaned rows out; other tests
-- report the rows that are missing for it.
{{ config(severity='warn') }}

{% set nested = [
    ('new_releases', 'artists'), ('new_releases', 'images'),
    ('albums', 'artists'), ('albums', 'images'), ('albums', 'copyrights'),
    ('album_tracks', 'artists'),
] %}
{% for root, field in nested %}
    select
        '{{ root }}__{{ field }}' as nested_table,
        count(*) as orphans
    from {{ as_declared(root ~ '__' ~ field) }}
    where _dlt_root_id is null or _dlt_root_id not in (select _dlt_id from {{ as_declared(root) }} where _dlt_id is not null)
    having count(*) > 0
    {{ 'union all' if not loop.last }}
{% endfor %}
