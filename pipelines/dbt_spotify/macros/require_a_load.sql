{# Without a single loaded table, a wrong file or dataset would be built into empty marts in the place of good ones. #}
{% macro require_a_load() %}
    {% if execute and flags.WHICH in ['build', 'run', 'snapshot'] %}
        {% set loads = source('spotify', '_dlt_loads') %}
        {% if not adapter.get_relation(loads.database, loads.schema, loads.identifier) %}
            {{ exceptions.raise_compiler_error(
                "Nothing was loaded into " ~ loads.schema ~ " of " ~ target.get('path', loads.database)
                ~ ". Load first, or set SPOTIFY_DUCKDB and SPOTIFY_DATASET."
            ) }}
        {% endif %}
    {% endif %}
{% endmacro %}
