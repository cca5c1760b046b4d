{#
    Views without the catalog name. Before DuckDB 2.0 a view keeps the name of its file and cannot be read once the file
    is renamed. Overrides dbt-duckdb's macro if this is the root project.
#}
{% macro duckdb__create_view_as(relation, sql) %}
    {{ return(dbt.duckdb__create_view_as(relation, sql | replace(adapter.quote(relation.database) ~ '.', ''))) }}
{% endmacro %}
