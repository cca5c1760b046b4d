{# Stop if no table is loaded: a wrong file or dataset would replace good marts with empty ones. #}
{% macro require_a_load() %}
    {% if execute and flags.WHICH in ['build', 'run', 'snapshot'] %}
        {% if target.type == 'postgres' %}
            {% do require_unicode() %}
            {% do refuse_another_dataset() %}
        {% endif %}
        {% set loads = source('spotify', '_dlt_loads') %}
        {% if not adapter.get_relation(loads.database, loads.schema, loads.identifier) %}
            {{ exceptions.raise_compiler_error(
                "Nothing was loaded into " ~ loads.schema ~ " of " ~ target.get('path', loads.database)
                ~ ". Load first, or set " ~ ('SPOTIFY_DUCKDB' if target.type == 'duckdb' else 'PGDATABASE')
                ~ " and SPOTIFY_DATASET."
            ) }}
        {% endif %}
    {% endif %}
{% endmacro %}

{# Titles are compared by Unicode letters, which Postgres supports in UTF8 databases only. #}
{% macro require_unicode() %}
    {% set encoding = run_query("select current_setting('server_encoding')").columns[0][0] %}
    {% if encoding != 'UTF8' %}
        {{ exceptions.raise_compiler_error(
            "The database " ~ target.dbname ~ " is encoded in " ~ encoding ~ ", and the models need UTF8. Load into another:"
            ~ " CREATE DATABASE music TEMPLATE template0 ENCODING 'UTF8'."
        ) }}
    {% endif %}
{% endmacro %}

{#
    Models of two datasets in one schema would overwrite each other at each build and lose what cannot be rebuilt:
    snap_albums and the arrivals in int_first_sightings. This is likely on a server that several apps load into.
#}
{% macro refuse_another_dataset() %}
    {% set loads = source('spotify', '_dlt_loads') %}
    {% set view = graph.nodes['model.spotify.base_spotify__finished_loads'] %}
    {% set built_from = run_query(
        "select distinct read_schema.nspname"
        ~ " from pg_catalog.pg_rewrite as rule"
        ~ " inner join pg_catalog.pg_class as view on rule.ev_class = view.oid"
        ~ " inner join pg_catalog.pg_namespace as view_schema on view.relnamespace = view_schema.oid"
        ~ " inner join pg_catalog.pg_depend as reads"
        ~ " on rule.oid = reads.objid and reads.classid = 'pg_catalog.pg_rewrite'::regclass"
        ~ " inner join pg_catalog.pg_class as read on reads.refobjid = read.oid and read.relname = '_dlt_loads'"
        ~ " inner join pg_catalog.pg_namespace as read_schema on read.relnamespace = read_schema.oid"
        ~ " where view_schema.nspname = '" ~ view.schema ~ "' and view.relname = '" ~ view.alias ~ "'"
    ).columns[0].values() %}
    {% for dataset in built_from if dataset != loads.schema %}
        {{ exceptions.raise_compiler_error(
            "The models in " ~ view.schema ~ " are those of the dataset " ~ dataset ~ ", not of " ~ loads.schema
            ~ ". Set SPOTIFY_SCHEMA_PREFIX, to " ~ loads.schema ~ "_ for example, to build others beside them."
        ) }}
    {% endfor %}
{% endmacro %}
