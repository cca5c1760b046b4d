{#
    Views without the name of the file that they are in, which before DuckDB 2.0 they would keep when the file gets
    another name: none of them could be read then. Overrides dbt-duckdb's macro where this is the root project.
#}
{% macro duckdb__create_view_as(relation, sql) %}
    {{ return(dbt.duckdb__create_view_as(relation, sql | replace(adapter.quote(relation.database) ~ '.', ''))) }}
{% endmacro %}
