{#
    Schemas are named as the project says, without the target's in front; SPOTIFY_SCHEMA_PREFIX comes before, so that the
    models of several datasets can lie in one database. A project that installs this one names its own as it does without
    it: dbt would take this macro for all of them.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if project_name != 'spotify' -%}
        {{ return(dbt.default__generate_schema_name(custom_schema_name, node)) }}
    {%- endif -%}
    {%- set schema_name = (env_var('SPOTIFY_SCHEMA_PREFIX', '') ~ (custom_schema_name or target.schema)) | trim -%}
    {%- if target.type == 'duckdb' -%}
        {%- do refuse_ambiguous_names(schema_name) -%}
    {%- endif -%}
    {%- do refuse_schemas_of_the_pipeline(schema_name) -%}
    {{ schema_name }}
{%- endmacro %}

{# DuckDB names a file's catalog after its stem, so a schema of the same name makes every statement ambiguous. #}
{% macro refuse_ambiguous_names(schema_name) %}
    {% set path = target.path | replace('\\', '/') %}
    {% if not (path.startswith('/') or path[1:2] == ':') %}
        {{ exceptions.raise_compiler_error(
            "SPOTIFY_DUCKDB must be an absolute path, not " ~ target.path ~ ": dbt works in the project's folder."
        ) }}
    {% endif %}
    {% if target.database | lower == schema_name %}
        {{ exceptions.raise_compiler_error(
            "The DuckDB file " ~ target.path ~ " can't hold the schema " ~ schema_name ~ ", which has the file's name."
            ~ " Rename the file, to spotify.duckdb for example."
        ) }}
    {% endif %}
{% endmacro %}

{# The schemas of the project must not be those that the pipeline writes: the dataset, and the dataset's staging. #}
{% macro refuse_schemas_of_the_pipeline(schema_name) %}
    {% set dataset = var('spotify_raw_schema', env_var('SPOTIFY_DATASET', 'spotify_raw')) | lower %}
    {% if schema_name in [dataset, dataset ~ '_staging'] %}
        {{ exceptions.raise_compiler_error(
            "The pipeline itself writes to " ~ schema_name ~ " when it loads into the dataset " ~ dataset
            ~ ". Load into another --dataset, spotify_raw for example."
        ) }}
    {% endif %}
{% endmacro %}
