{#
    Schema names as configured, without the target schema in front. SPOTIFY_SCHEMA_PREFIX is prepended, so that one
    database can hold the models of several datasets. A project that installs this package keeps dbt's naming for its own
    models, although dbt resolves this macro for all of them.
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

{# DuckDB names the catalog after the file's stem; a schema of the same name would make statements ambiguous. #}
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

{# The project's schemas must differ from the pipeline's dataset and its staging dataset. #}
{% macro refuse_schemas_of_the_pipeline(schema_name) %}
    {% set dataset = var('spotify_raw_schema', env_var('SPOTIFY_DATASET', 'spotify_raw')) | lower %}
    {% if schema_name in [dataset, dataset ~ '_staging'] %}
        {{ exceptions.raise_compiler_error(
            "The pipeline itself writes to " ~ schema_name ~ " when it loads into the dataset " ~ dataset
            ~ ". Load into another --dataset, spotify_raw for example."
        ) }}
    {% endif %}
{% endmacro %}
