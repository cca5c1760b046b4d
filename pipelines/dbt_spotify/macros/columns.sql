{# Friday on which the music week of a day began. Charts and most releases use this week. #}
{% macro music_week_start(day) -%}
    cast({{ day }} - cast((extract(isodow from {{ day }}) + 2) % 7 as integer) as date)
{%- endmacro %}

{# English weekday name, independent of the database's locale. #}
{% macro day_name(day) -%}
    case cast(extract(isodow from {{ day }}) as integer)
        when 1 then 'Monday'
        when 2 then 'Tuesday'
        when 3 then 'Wednesday'
        when 4 then 'Thursday'
        when 5 then 'Friday'
        when 6 then 'Saturday'
        when 7 then 'Sunday'
    end
{%- endmacro %}

{#
    Key that the titles of two editions of one release share: without accents, case, punctuation and the words that
    mark the explicit or the clean edition. Words like 'Deluxe' stay: that is another release. A title of punctuation
    alone keeps it; an empty title is null.
#}
{% macro title_key(title) -%}
    {%- set same = "(explicit|clean|edited|censored|uncensored)( version| edition| edit| album)?" -%}
    {%- set unmarked -%}
        regexp_replace({{ folded(title) }}, '[(\[][ \t\n\f\r]*{{ same }}[ \t\n\f\r]*[)\]]', ' ', 'g')
    {%- endset -%}
    coalesce(
        nullif(trim({{ without_signs(unmarked) }}), ''),
        nullif({{ trimmed(folded(title)) }}, '')
    )
{%- endmacro %}

{# Bar code as digits without leading zeros; null if empty. #}
{% macro barcode(code) -%}
    nullif(ltrim(regexp_replace({{ code }}, '[^0-9]', '', 'g'), '0'), '')
{%- endmacro %}

{# Owner of a recording: a line like '℗ 2026 Owner' without the sign, the text before it and the years. #}
{% macro phonogram_owner(line) -%}
    {%- set unsigned = "regexp_replace(" ~ line ~ ", '^[^\\n]*(℗|\\([Pp]\\))', '')" -%}
    {%- set space = " \\t\\n\\f\\r" -%}
    {%- set year = "(19|20)[0-9]{2}" -%}
    {%- set more_years = "([" ~ space ~ "]*[,&/–-][" ~ space ~ "]*" ~ year ~ ")*" -%}
    {%- set years = "'^[" ~ space ~ "©&,]*(" ~ year ~ more_years ~ "[" ~ space ~ ",.]+)?'" -%}
    nullif({{ trimmed("regexp_replace(" ~ unsigned ~ ", " ~ years ~ ", '')") }}, '')
{%- endmacro %}

{# First day of the period that a release date names: '1967', '2007-03', '2026-11-20'. Null for '0000'. #}
{% macro first_day(release_date) -%}
    case
        when {{ release_date }} like '0000%' then null
        when {{ fully_matches(release_date, '[0-9]{4}') }} then {{ day_or_null(release_date ~ " || '-01-01'") }}
        when {{ fully_matches(release_date, '[0-9]{4}-[0-9]{2}') }} then {{ day_or_null(release_date ~ " || '-01'") }}
        when {{ fully_matches(release_date, '[0-9]{4}-[0-9]{2}-[0-9]{2}') }} then {{ day_or_null(release_date) }}
    end
{%- endmacro %}
