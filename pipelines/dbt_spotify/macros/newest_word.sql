{#
    What holds where the listing and the album object both say something: the newest word wins.

    Written in plain SQL and plain Jinja, with nothing of dbt's: the page renders these very macros for its own views.
    A listing is read at every run and its row is only written when it has changed, so its word is as new as the last
    load that saw the album (heard_in). An album is fetched after the listing of its run: in one load it is the newer.
    Both are load ids of dlt, which are Unix times of one length and compare as text.
#}

{# Whether the listing is the newer of the two. #}
{% macro is_listing_newer(listed='listed', fetched='fetched') -%}
    coalesce({{ listed }}.heard_in > {{ fetched }}.fetched_in, {{ fetched }}.album_id is null)
{%- endmacro %}

{# A value of the newer object, else of the other. #}
{% macro newest_word(column, listed='listed', fetched='fetched') -%}
    coalesce(
        case when {{ is_listing_newer(listed, fetched) }} then {{ listed }}.{{ column }} end,
        {{ fetched }}.{{ column }},
        {{ listed }}.{{ column }}
    )
{%- endmacro %}

{# A value of the object whose release date holds: a date and what goes with it come from the same one. #}
{% macro newest_of_date(column, listed='listed', fetched='fetched') -%}
    case
        when
            {{ listed }}.release_date is not null
            and ({{ fetched }}.release_date is null or {{ is_listing_newer(listed, fetched) }})
            then {{ listed }}.{{ column }}
        else {{ fetched }}.{{ column }}
    end
{%- endmacro %}

{# Only listings know EPs: the album object calls them singles, which is no newer word. #}
{% macro newest_album_type(listed='listed', fetched='fetched') -%}
    case
        when {{ listed }}.album_type = 'ep' and coalesce({{ fetched }}.album_type, 'single') = 'single' then 'ep'
        else {{ newest_word('album_type', listed, fetched) }}
    end
{%- endmacro %}
