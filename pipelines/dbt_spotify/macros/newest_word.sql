{#
    Precedence between the listing and the album object: the newer one wins.

    Plain SQL and Jinja without dbt functions, because the page renders the same macros for its own views. A listing is
    read in each run, but its row is written only if it changed, so its values are as new as the last load that saw the
    album (heard_in). In one load the album object is newer, because it is fetched after the listing. Both are dlt load
    ids, which are Unix times of equal length and compare as text.
#}

{# True if the listing is newer than the album object. #}
{% macro is_listing_newer(listed='listed', fetched='fetched') -%}
    coalesce({{ listed }}.heard_in > {{ fetched }}.fetched_in, {{ fetched }}.album_id is null)
{%- endmacro %}

{# Value of the newer object, else of the other. #}
{% macro newest_word(column, listed='listed', fetched='fetched') -%}
    coalesce(
        case when {{ is_listing_newer(listed, fetched) }} then {{ listed }}.{{ column }} end,
        {{ fetched }}.{{ column }},
        {{ listed }}.{{ column }}
    )
{%- endmacro %}

{# Value of the object that provides the release date, so that a date and its precision have one origin. #}
{% macro newest_of_date(column, listed='listed', fetched='fetched') -%}
    case
        when
            {{ listed }}.release_date is not null
            and ({{ fetched }}.release_date is null or {{ is_listing_newer(listed, fetched) }})
            then {{ listed }}.{{ column }}
        else {{ fetched }}.{{ column }}
    end
{%- endmacro %}

{# Only listings have the type 'ep'; the album object's 'single' is no newer value. #}
{% macro newest_album_type(listed='listed', fetched='fetched') -%}
    case
        when {{ listed }}.album_type = 'ep' and coalesce({{ fetched }}.album_type, 'single') = 'single' then 'ep'
        else {{ newest_word('album_type', listed, fetched) }}
    end
{%- endmacro %}
