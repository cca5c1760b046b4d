{# The Friday on which the music week of a day began; charts and most releases go by it. #}
{% macro music_week_start(day) -%}
    cast({{ day }} - cast((isodow({{ day }}) + 2) % 7 as integer) as date)
{%- endmacro %}

{#
    A text without the accents of Latin and Greek letters, which people leave out. In other scripts such a mark makes
    another letter: バ is not ハ, दि is not द, й is not и.
#}
{% macro without_accents(text) -%}
    array_to_string(
        [
            case
                when regexp_matches(letter, '[\p{Latin}\p{Greek}\x{0300}-\x{036f}]') then strip_accents(letter)
                else letter
            end
            for letter in string_split(nfc_normalize({{ text }}), '')
        ],
        ''
    )
{%- endmacro %}

{#
    A title as two editions of one release share it: without accents, case, signs, and the words that tell the
    explicit edition from the clean one. Words like 'Deluxe' stay: that is another release.
    A title of signs alone keeps them; none is null.
#}
{% macro title_key(title) -%}
    {%- set plain = "lower(" ~ without_accents(title) ~ ")" -%}
    {%- set same = "(explicit|clean|edited|censored|uncensored)( version| edition| edit| album)?" -%}
    {%- set unmarked = "regexp_replace(" ~ plain ~ ", '[(\\[]\\s*" ~ same ~ "\\s*[)\\]]', ' ', 'g')" -%}
    coalesce(
        nullif(trim(regexp_replace({{ unmarked }}, '[^\p{L}\p{M}\p{N}]+', ' ', 'g')), ''),
        nullif(trim({{ plain }}), '')
    )
{%- endmacro %}

{# A bar code as a number is: digits alone, without the zeros that pad it. None is null. #}
{% macro barcode(code) -%}
    nullif(ltrim(regexp_replace({{ code }}, '[^0-9]', '', 'g'), '0'), '')
{%- endmacro %}

{# Who owns a recording: a line like '℗ 2026 Owner' without the sign, what precedes it, and the years. #}
{% macro phonogram_owner(line) -%}
    {%- set unsigned = "regexp_replace(" ~ line ~ ", '^.*(℗|\\([Pp]\\))', '')" -%}
    {%- set years = "'^[\\s©&,]*((19|20)\\d{2}(\\s*[,&/–-]\\s*(19|20)\\d{2})*[\\s,.]+)?'" -%}
    nullif(trim(regexp_replace({{ unsigned }}, {{ years }}, '')), '')
{%- endmacro %}

{# One number for a set of rows, whatever their order: it differs when any of them does. #}
{% macro fingerprint(columns) -%}
    sum(cast(hash({{ columns | join(', ') }}) as hugeint))
{%- endmacro %}

{# The first day of the period that a release date as sent names: '1967', '2007-03', '2026-11-20'. '0000' is no date. #}
{% macro first_day(release_date) -%}
    case
        when {{ release_date }} like '0000%' then null
        when regexp_full_match({{ release_date }}, '\d{4}') then try_cast({{ release_date }} || '-01-01' as date)
        when regexp_full_match({{ release_date }}, '\d{4}-\d{2}') then try_cast({{ release_date }} || '-01' as date)
        when regexp_full_match({{ release_date }}, '\d{4}-\d{2}-\d{2}') then try_cast({{ release_date }} as date)
    end
{%- endmacro %}
