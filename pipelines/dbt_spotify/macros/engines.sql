{#
    Expressions without a common form in DuckDB and Postgres. Both versions of a macro return identical values. All other
    SQL in the project runs on both engines.
#}

{# True if the entire text matches. Patterns use what both engines read: no '.', '\d', '\s'. #}
{% macro fully_matches(text, pattern) -%}
    {{ adapter.dispatch('fully_matches', 'spotify')(text, pattern) }}
{%- endmacro %}

{% macro duckdb__fully_matches(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__fully_matches(text, pattern) -%}
    ({{ text }} ~ '^({{ pattern }})$')
{%- endmacro %}

{# True if the text contains one of the words (lower case, a to z), ignoring case. #}
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

{# Text without leading and trailing spaces of any kind (Unicode category Zs). #}
{% macro trimmed(text) -%}
    {{ adapter.dispatch('trimmed', 'spotify')(text) }}
{%- endmacro %}

{% macro duckdb__trimmed(text) -%}
    trim({{ text }})
{%- endmacro %}

{% macro postgres__trimmed(text) -%}
    btrim({{ text }}, U&' \00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\202F\205F\3000')
{%- endmacro %}

{# Timestamp as ISO 8601 text with a space for the T, without trailing zeros in the fraction. #}
{% macro as_text(timestamp) -%}
    {{ adapter.dispatch('as_text', 'spotify')(timestamp) }}
{%- endmacro %}

{% macro duckdb__as_text(timestamp) -%}
    cast({{ timestamp }} as varchar)
{%- endmacro %}

{# A cast depends on the session's DateStyle. #}
{% macro postgres__as_text(timestamp) -%}
    rtrim(rtrim(to_char({{ timestamp }}, 'YYYY-MM-DD HH24:MI:SS.US'), '0'), '.')
{%- endmacro %}

{# Date of a text like '2026-11-20'; null if there is no such day. #}
{% macro day_or_null(text) -%}
    {{ adapter.dispatch('day_or_null', 'spotify')(text) }}
{%- endmacro %}

{% macro duckdb__day_or_null(text) -%}
    try_cast({{ text }} as date)
{%- endmacro %}

{# The day is valid if its month is and if it is not after the last day of the month. #}
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

{# Number rounded to the given digits, half away from zero. #}
{% macro rounded(number, digits) -%}
    {{ adapter.dispatch('rounded', 'spotify')(number, digits) }}
{%- endmacro %}

{% macro duckdb__rounded(number, digits) -%}
    round({{ number }}, {{ digits }})
{%- endmacro %}

{% macro postgres__rounded(number, digits) -%}
    cast(round(cast({{ number }} as numeric), {{ digits }}) as double precision)
{%- endmacro %}

{# Value of the row in a group with the largest value of the other column. #}
{% macro value_at_last(value, by) -%}
    {{ adapter.dispatch('value_at_last', 'spotify')(value, by) }}
{%- endmacro %}

{% macro duckdb__value_at_last(value, by) -%}
    max_by({{ value }}, {{ by }})
{%- endmacro %}

{% macro postgres__value_at_last(value, by) -%}
    (array_agg({{ value }} order by {{ by }} desc))[1]
{%- endmacro %}

{# Number of distinct values in a small group. #}
{% macro count_of_few(value) -%}
    {{ adapter.dispatch('count_of_few', 'spotify')(value) }}
{%- endmacro %}

{# Same result as count(distinct) in half the time. #}
{% macro duckdb__count_of_few(value) -%}
    len(list_distinct(list({{ value }})))
{%- endmacro %}

{% macro postgres__count_of_few(value) -%}
    count(distinct {{ value }})
{%- endmacro %}

{# Order-independent fingerprint of a set of rows. The number differs between engines. #}
{% macro fingerprint(columns) -%}
    {{ adapter.dispatch('fingerprint', 'spotify')(columns) }}
{%- endmacro %}

{% macro duckdb__fingerprint(columns) -%}
    sum(cast(hash({{ columns | join(', ') }}) as hugeint))
{%- endmacro %}

{% macro postgres__fingerprint(columns) -%}
    sum(cast(hashtextextended(cast(row({{ columns | join(', ') }}) as text), 0) as numeric))
{%- endmacro %}

{# Sum of the numbers in a JSON object; null if it has none. #}
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

{# Elements of a JSON list of texts, one row each, for use in a select list. #}
{% macro elements_of(list) -%}
    {{ adapter.dispatch('elements_of', 'spotify')(list) }}
{%- endmacro %}

{% macro duckdb__elements_of(list) -%}
    unnest(cast({{ list }} as varchar[]))
{%- endmacro %}

{% macro postgres__elements_of(list) -%}
    json_array_elements_text(case when json_typeof({{ list }}) = 'array' then {{ list }} end)
{%- endmacro %}

{# Start of a snapshot version in UTC. dbt's default uses the session's time zone. #}
{% macro postgres__snapshot_get_time() -%}
    cast(now() at time zone 'UTC' as timestamp)
{%- endmacro %}
