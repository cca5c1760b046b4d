{#
    Subquery of a source table with exactly its declared columns and types.

    A missing column is a typed NULL and a missing table is empty: dlt creates a nested table with its first row, and
    other tables when they are first requested. Undeclared columns are ignored. The source is this project's, even if
    another project installs it as a package.
#}
{% macro as_declared(table) %}
    {%- set relation = source('spotify', table) -%}
    {%- if not execute -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- set declared = graph.sources['source.spotify.spotify.' ~ table].columns.values() -%}
    {%- set existing = adapter.get_relation(relation.database, relation.schema, relation.identifier) -%}
    {%- set found = (adapter.get_columns_in_relation(existing) | map(attribute='name') | list) if existing else [] %}
    (
        select
        {%- for column in declared %}
            cast({{ adapter.quote(column.name) if column.name in found else 'null' }} as {{ column.data_type }})
                as {{ adapter.quote(column.name) }}{{ ',' if not loop.last }}
        {%- endfor %}
        {% if existing %}from {{ existing }}{% else %}where false{% endif %}
    ) as {{ table }}
{%- endmacro %}
