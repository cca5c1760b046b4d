{#
    What DuckDB and Postgres have no common form for: each macro says what it gives, and both give the same, to the last
    letter and digit. All else in the project is SQL that both take.
#}

{# Whether the whole of a text is as a regular expression says. Of what is written in one, both read: no '.', '\d', '\s'. #}
{% macro fully_matches(text, pattern) -%}
    {{ adapter.dispatch('fully_matches', 'spotify')(text, pattern) }}
{%- endmacro %}

{% macro duckdb__fully_matches(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__fully_matches(text, pattern) -%}
    ({{ text }} ~ '^({{ pattern }})$')
{%- endmacro %}

{# Whether any of the words, which are in small letters from a to z, is in a text, in capitals or not. #}
{% macro has_word(text, words) -%}
    {%- set small = "translate(" ~ text ~ ", 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')" -%}
    {{ adapter.dispatch('has_match', 'spotify')(small, '(^|[^a-z0-9_])(' ~ words ~ ')([^a-z0-9_]|$)') }}
{%- endmacro %}

{% macro duckdb__has_match(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__has_match(text, pattern) -%}
    ({{ text }} ~ '{{ pattern }}')
{%- endmacro %}

{# A text without the spaces around it, of whatever width and breaking or not (Unicode's Zs). #}
{% macro trimmed(text) -%}
    {{ adapter.dispatch('trimmed', 'spotify')(text) }}
{%- endmacro %}

{% macro duckdb__trimmed(text) -%}
    trim({{ text }})
{%- endmacro %}

{% macro postgres__trimmed(text) -%}
    btrim({{ text }}, U&' \00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\202F\205F\3000')
{%- endmacro %}

{# A time as text, as ISO 8601 has it but for the T; a fraction of a second without zeros at its end. #}
{% macro as_text(timestamp) -%}
    {{ adapter.dispatch('as_text', 'spotify')(timestamp) }}
{%- endmacro %}

{% macro duckdb__as_text(timestamp) -%}
    cast({{ timestamp }} as varchar)
{%- endmacro %}

{# Not by a cast, which goes by the session's DateStyle. #}
{% macro postgres__as_text(timestamp) -%}
    rtrim(rtrim(to_char({{ timestamp }}, 'YYYY-MM-DD HH24:MI:SS.US'), '0'), '.')
{%- endmacro %}

{# A text like '2026-11-20' as the day that it names, and null where there is no such day. #}
{% macro day_or_null(text) -%}
    {{ adapter.dispatch('day_or_null', 'spotify')(text) }}
{%- endmacro %}

{% macro duckdb__day_or_null(text) -%}
    try_cast({{ text }} as date)
{%- endmacro %}

{# The day is there if its month is, and if it is not after the month's last. #}
{% macro postgres__day_or_null(text) -%}
    case
        when substr({{ text }}, 6, 2) between '01' and '12' and substr({{ text }}, 9, 2) >= '01'
            then case
                when
                    substr({{ text }}, 9, 2)
                    <= to_char(to_date(substr({{ text }}, 1, 7), 'YYYY-MM') + interval '1 month - 1 day', 'DD')
                    then to_date({{ text }}, 'YYYY-MM-DD')
            end
    end
{%- endmacro %}

{# A number to so many digits, away from zero where it lies between two. #}
{% macro rounded(number, digits) -%}
    {{ adapter.dispatch('rounded', 'spotify')(number, digits) }}
{%- endmacro %}

{% macro duckdb__rounded(number, digits) -%}
    round({{ number }}, {{ digits }})
{%- endmacro %}

{% macro postgres__rounded(number, digits) -%}
    cast(round(cast({{ number }} as numeric), {{ digits }}) as double precision)
{%- endmacro %}

{# Of a group of rows, the value where the other column is largest. #}
{% macro value_at_last(value, by) -%}
    {{ adapter.dispatch('value_at_last', 'spotify')(value, by) }}
{%- endmacro %}

{% macro duckdb__value_at_last(value, by) -%}
    max_by({{ value }}, {{ by }})
{%- endmacro %}

{% macro postgres__value_at_last(value, by) -%}
    (array_agg({{ value }} order by {{ by }} desc))[1]
{%- endmacro %}

{# How many different values a group of few rows has. #}
{% macro count_of_few(value) -%}
    {{ adapter.dispatch('count_of_few', 'spotify')(value) }}
{%- endmacro %}

{# As count(distinct) counts them, in half the time. #}
{% macro duckdb__count_of_few(value) -%}
    len(list_distinct(list({{ value }})))
{%- endmacro %}

{% macro postgres__count_of_few(value) -%}
    count(distinct {{ value }})
{%- endmacro %}

{# One number for a set of rows, whatever their order: it differs when any of them does. On each engine another one. #}
{% macro fingerprint(columns) -%}
    {{ adapter.dispatch('fingerprint', 'spotify')(columns) }}
{%- endmacro %}

{% macro duckdb__fingerprint(columns) -%}
    sum(cast(hash({{ columns | join(', ') }}) as hugeint))
{%- endmacro %}

{% macro postgres__fingerprint(columns) -%}
    sum(cast(hashtextextended(cast(row({{ columns | join(', ') }}) as text), 0) as numeric))
{%- endmacro %}

{# The sum of the numbers in a JSON object, whatever their keys. Null where there are none. #}
{% macro total_of_values(object) -%}
    {{ adapter.dispatch('total_of_values', 'spotify')(object) }}
{%- endmacro %}

{% macro duckdb__total_of_values(object) -%}
    list_sum(cast(json_extract({{ object }}, '$.*') as bigint[]))
{%- endmacro %}

{% macro postgres__total_of_values(object) -%}
    (
        select sum(cast(one.value as bigint))
        from json_each_text(case when json_typeof({{ object }}) = 'object' then {{ object }} end) as one
    )
{%- endmacro %}

{# The texts of a JSON list, a row for each: to stand in a list of columns. #}
{% macro elements_of(list) -%}
    {{ adapter.dispatch('elements_of', 'spotify')(list) }}
{%- endmacro %}

{% macro duckdb__elements_of(list) -%}
    unnest(cast({{ list }} as varchar[]))
{%- endmacro %}

{% macro postgres__elements_of(list) -%}
    json_array_elements_text(case when json_typeof({{ list }}) = 'array' then {{ list }} end)
{%- endmacro %}

{# When a version of a snapshot begins, UTC. dbt takes the time of the session's zone, which anything may have set. #}
{% macro postgres__snapshot_get_time() -%}
    cast(now() at time zone 'UTC' as timestamp)
{%- endmacro %}
