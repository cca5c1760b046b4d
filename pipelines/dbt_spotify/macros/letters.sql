{#
    Letters and punctuation of all scripts, for comparing titles. DuckDB has Unicode classes. Postgres has none, and its
    letters and lower case depend on the database's locale, so they are listed here.
#}

{# Text in lower case without the accents of Latin and Greek letters, which people omit. In other scripts such a mark
   makes another letter: バ is not ハ, दि is not द, й is not и. #}
{% macro folded(text) -%}
    {{ adapter.dispatch('folded', 'spotify')(text) }}
{%- endmacro %}

{% macro duckdb__folded(text) -%}
    lower(array_to_string(
        [
            case
                when regexp_matches(letter, '[\p{Latin}\p{Greek}\x{0300}-\x{036f}]') then strip_accents(letter)
                else letter
            end
            for letter in string_split(nfc_normalize({{ text }}), '')
        ],
        ''
    ))
{%- endmacro %}

{# Decomposed letters lose their accents; recomposition restores those of other scripts. Decomposition can place marks
   of other scripts between a letter and its accent. #}
{% macro postgres__folded(text) -%}
    {%- set latin_or_greek = '[A-Za-z\\u00c0-\\u024f\\u0292\\u0370-\\u03ff\\u1f00-\\u1fff]' -%}
    {%- set accents = '\\u0300-\\u036f\\U0001d242-\\U0001d244' -%}
    {%- set others = '\\u0483-\\u0489\\u0591-\\u05c7\\u064b-\\u0652\\u093c\\u094d\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\u3099\\u309a\\ufe20-\\ufe2f' -%}
    {%- set of_a_letter = "'(?<=" ~ latin_or_greek ~ "[" ~ accents ~ others ~ "]*)[" ~ accents ~ "]+'" -%}
    {%- set apart = "regexp_replace(normalize(" ~ text ~ ", NFD), " ~ of_a_letter ~ ", '', 'g')" -%}
    {%- set plain = "regexp_replace(normalize(" ~ apart ~ ", NFC), '[" ~ accents ~ "]+', '', 'g')" -%}
    {%- set capitals = [] -%}
    {%- set small_letters = [] -%}
    {%- for letters in capital_letters().split() -%}
        {%- set first, last, step, distance = letters.split('/') -%}
        {%- for letter in range(first | int(base=16), (last | int(base=16)) + 1, step | int) -%}
            {%- do capitals.append('%c' % letter) -%}
            {%- do small_letters.append('%c' % (letter + (distance | int))) -%}
        {%- endfor -%}
    {%- endfor -%}
    case
        when octet_length({{ text }}) = length({{ text }})
            then translate({{ text }}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')
        else translate({{ plain }}, '{{ capitals | join }}', '{{ small_letters | join }}')
    end
{%- endmacro %}

{# Text with a space for each character that is not a letter, a mark or a number. #}
{% macro without_signs(text) -%}
    {{ adapter.dispatch('without_signs', 'spotify')(text) }}
{%- endmacro %}

{% macro duckdb__without_signs(text) -%}
    regexp_replace({{ text }}, '[^\p{L}\p{M}\p{N}]+', ' ', 'g')
{%- endmacro %}

{% macro postgres__without_signs(text) -%}
    {%- set ranges = [] -%}
    {%- for range in signs().split() -%}
        {%- do ranges.append('\\U' ~ range.split('-')[0].rjust(8, '0') ~ '-\\U' ~ range.split('-')[1].rjust(8, '0')) -%}
    {%- endfor -%}
    regexp_replace({{ text }}, '[{{ ranges | join }}]+', ' ', 'g')
{%- endmacro %}

{# Runs of capital letters: first, last, distance to the next, and distance to the lower-case letter, as in DuckDB.
   tests/dbt/test_letters.py generates this list and the next. #}
{% macro capital_letters() -%}
    41/5a/1/32 c0/d6/1/32 d8/de/1/32 100/12e/2/1 130/130/1/-199 132/136/2/1 139/147/2/1 14a/176/2/1 178/178/1/-121
    179/17d/2/1 181/181/1/210 182/184/2/1 186/186/1/206 187/187/1/1 189/18a/1/205 18b/18b/1/1 18e/18e/1/79
    18f/18f/1/202 190/190/1/203 191/191/1/1 193/193/1/205 194/194/1/207 196/196/1/211 197/197/1/209 198/198/1/1
    19c/19c/1/211 19d/19d/1/213 19f/19f/1/214 1a0/1a4/2/1 1a6/1a6/1/218 1a7/1a7/1/1 1a9/1a9/1/218 1ac/1ac/1/1
    1ae/1ae/1/218 1af/1af/1/1 1b1/1b2/1/217 1b3/1b5/2/1 1b7/1b7/1/219 1b8/1bc/4/1 1c4/1c4/1/2 1c5/1c5/1/1 1c7/1c7/1/2
    1c8/1c8/1/1 1ca/1ca/1/2 1cb/1db/2/1 1de/1ee/2/1 1f1/1f1/1/2 1f2/1f4/2/1 1f6/1f6/1/-97 1f7/1f7/1/-56 1f8/21e/2/1
    220/220/1/-130 222/232/2/1 23a/23a/1/10795 23b/23b/1/1 23d/23d/1/-163 23e/23e/1/10792 241/241/1/1 243/243/1/-195
    244/244/1/69 245/245/1/71 246/24e/2/1 370/372/2/1 376/376/1/1 37f/37f/1/116 386/386/1/38 388/38a/1/37 38c/38c/1/64
    38e/38f/1/63 391/3a1/1/32 3a3/3ab/1/32 3cf/3cf/1/8 3d8/3ee/2/1 3f4/3f4/1/-60 3f7/3f7/1/1 3f9/3f9/1/-7 3fa/3fa/1/1
    3fd/3ff/1/-130 400/40f/1/80 410/42f/1/32 460/480/2/1 48a/4be/2/1 4c0/4c0/1/15 4c1/4cd/2/1 4d0/52e/2/1 531/556/1/48
    10a0/10c5/1/7264 10c7/10c7/1/7264 10cd/10cd/1/7264 13a0/13ef/1/38864 13f0/13f5/1/8 1c90/1cba/1/-3008
    1cbd/1cbf/1/-3008 1e00/1e94/2/1 1e9e/1e9e/1/-7615 1ea0/1efe/2/1 1f08/1f0f/1/-8 1f18/1f1d/1/-8 1f28/1f2f/1/-8
    1f38/1f3f/1/-8 1f48/1f4d/1/-8 1f59/1f5f/2/-8 1f68/1f6f/1/-8 1f88/1f8f/1/-8 1f98/1f9f/1/-8 1fa8/1faf/1/-8
    1fb8/1fb9/1/-8 1fba/1fbb/1/-74 1fbc/1fbc/1/-9 1fc8/1fcb/1/-86 1fcc/1fcc/1/-9 1fd8/1fd9/1/-8 1fda/1fdb/1/-100
    1fe8/1fe9/1/-8 1fea/1feb/1/-112 1fec/1fec/1/-7 1ff8/1ff9/1/-128 1ffa/1ffb/1/-126 1ffc/1ffc/1/-9 2126/2126/1/-7517
    212a/212a/1/-8383 212b/212b/1/-8262 2132/2132/1/28 2160/216f/1/16 2183/2183/1/1 24b6/24cf/1/26 2c00/2c2f/1/48
    2c60/2c60/1/1 2c62/2c62/1/-10743 2c63/2c63/1/-3814 2c64/2c64/1/-10727 2c67/2c6b/2/1 2c6d/2c6d/1/-10780
    2c6e/2c6e/1/-10749 2c6f/2c6f/1/-10783 2c70/2c70/1/-10782 2c72/2c72/1/1 2c75/2c75/1/1 2c7e/2c7f/1/-10815
    2c80/2ce2/2/1 2ceb/2ced/2/1 2cf2/2cf2/1/1 a640/a66c/2/1 a680/a69a/2/1 a722/a72e/2/1 a732/a76e/2/1 a779/a77b/2/1
    a77d/a77d/1/-35332 a77e/a786/2/1 a78b/a78b/1/1 a78d/a78d/1/-42280 a790/a792/2/1 a796/a7a8/2/1 a7aa/a7aa/1/-42308
    a7ab/a7ab/1/-42319 a7ac/a7ac/1/-42315 a7ad/a7ad/1/-42305 a7ae/a7ae/1/-42308 a7b0/a7b0/1/-42258 a7b1/a7b1/1/-42282
    a7b2/a7b2/1/-42261 a7b3/a7b3/1/928 a7b4/a7c2/2/1 a7c4/a7c4/1/-48 a7c5/a7c5/1/-42307 a7c6/a7c6/1/-35384
    a7c7/a7c9/2/1 a7d0/a7d0/1/1 a7d6/a7d8/2/1 a7f5/a7f5/1/1 ff21/ff3a/1/32 10400/10427/1/40 104b0/104d3/1/40
    10570/1057a/1/39 1057c/1058a/1/39 1058c/10592/1/39 10594/10595/1/39 10c80/10cb2/1/64 118a0/118bf/1/32
    16e40/16e5f/1/32 1e900/1e921/1/34
{%- endmacro %}

{# Runs of characters that are no letter, mark or number in any script: first and last. #}
{% macro signs() -%}
    1-2f 3a-40 5b-60 7b-a9 ab-b1 b4-b4 b6-b8 bb-bb bf-bf d7-d7 f7-f7 2c2-2c5 2d2-2df 2e5-2eb 2ed-2ed 2ef-2ff 375-375
    37e-37e 384-385 387-387 3f6-3f6 482-482 55a-55f 589-58f 5be-5be 5c0-5c0 5c3-5c3 5c6-5c6 5f3-60f 61b-61f 66a-66d
    6d4-6d4 6dd-6de 6e9-6e9 6fd-6fe 700-70f 7f6-7f9 7fe-7ff 830-83e 85e-85e 888-888 890-891 8e2-8e2 964-965 970-970
    9f2-9f3 9fa-9fb 9fd-9fd a76-a76 af0-af1 b70-b70 bf3-bfa c77-c77 c7f-c7f c84-c84 d4f-d4f d79-d79 df4-df4 e3f-e3f
    e4f-e4f e5a-e5b f01-f17 f1a-f1f f34-f34 f36-f36 f38-f38 f3a-f3d f85-f85 fbe-fc5 fc7-fda 104a-104f 109e-109f
    10fb-10fb 1360-1368 1390-1399 1400-1400 166d-166e 1680-1680 169b-169c 16eb-16ed 1735-1736 17d4-17d6 17d8-17db
    1800-180a 180e-180e 1940-1945 19de-19ff 1a1e-1a1f 1aa0-1aa6 1aa8-1aad 1b5a-1b6a 1b74-1b7e 1bfc-1bff 1c3b-1c3f
    1c7e-1c7f 1cc0-1cc7 1cd3-1cd3 1fbd-1fbd 1fbf-1fc1 1fcd-1fcf 1fdd-1fdf 1fed-1fef 1ffd-206f 207a-207e 208a-208e
    20a0-20c0 2100-2101 2103-2106 2108-2109 2114-2114 2116-2118 211e-2123 2125-2125 2127-2127 2129-2129 212e-212e
    213a-213b 2140-2144 214a-214d 214f-214f 218a-244a 249c-24e9 2500-2775 2794-2bff 2ce5-2cea 2cf9-2cfc 2cfe-2cff
    2d70-2d70 2e00-2e2e 2e30-3004 3008-3020 3030-3030 3036-3037 303d-303f 309b-309c 30a0-30a0 30fb-30fb 3190-3191
    3196-319f 31c0-31e3 3200-321e 322a-3247 3250-3250 3260-327f 328a-32b0 32c0-33ff 4dc0-4dff a490-a4c6 a4fe-a4ff
    a60d-a60f a673-a673 a67e-a67e a6f2-a716 a720-a721 a789-a78a a828-a82b a836-a839 a874-a877 a8ce-a8cf a8f8-a8fa
    a8fc-a8fc a92e-a92f a95f-a95f a9c1-a9cd a9de-a9df aa5c-aa5f aa77-aa79 aade-aadf aaf0-aaf1 ab5b-ab5b ab6a-ab6b
    abeb-abeb e000-f8ff fb29-fb29 fbb2-fbc2 fd3e-fd4f fdcf-fdcf fdfc-fdff fe10-fe19 fe30-fe6b feff-ff0f ff1a-ff20
    ff3b-ff40 ff5b-ff65 ffe0-fffd 10100-10102 10137-1013f 10179-10189 1018c-101fc 1039f-1039f 103d0-103d0 1056f-1056f
    10857-10857 10877-10878 1091f-1091f 1093f-1093f 10a50-10a58 10a7f-10a7f 10ac8-10ac8 10af0-10af6 10b39-10b3f
    10b99-10b9c 10ead-10ead 10f55-10f59 10f86-10f89 11047-1104d 110bb-110c1 110cd-110cd 11140-11143 11174-11175
    111c5-111c8 111cd-111cd 111db-111db 111dd-111df 11238-1123d 112a9-112a9 1144b-1144f 1145a-1145d 114c6-114c6
    115c1-115d7 11641-11643 11660-1166c 116b9-116b9 1173c-1173f 1183b-1183b 11944-11946 119e2-119e2 11a3f-11a46
    11a9a-11a9c 11a9e-11aa2 11b00-11b09 11c41-11c45 11c70-11c71 11ef7-11ef8 11f43-11f4f 11fd5-11fff 12470-12474
    12ff1-12ff2 13430-1343f 16a6e-16a6f 16af5-16af5 16b37-16b3f 16b44-16b45 16e97-16e9a 16fe2-16fe2 1bc9c-1bc9c
    1bc9f-1bca3 1cf50-1d164 1d16a-1d16c 1d173-1d17a 1d183-1d184 1d18c-1d1a9 1d1ae-1d241 1d245-1d245 1d300-1d356
    1d6c1-1d6c1 1d6db-1d6db 1d6fb-1d6fb 1d715-1d715 1d735-1d735 1d74f-1d74f 1d76f-1d76f 1d789-1d789 1d7a9-1d7a9
    1d7c3-1d7c3 1d800-1d9ff 1da37-1da3a 1da6d-1da74 1da76-1da83 1da85-1da8b 1e14f-1e14f 1e2ff-1e2ff 1e95e-1e95f
    1ecac-1ecac 1ecb0-1ecb0 1ed2e-1ed2e 1eef0-1f0f5 1f10d-1fbca e0001-e007f f0000-10fffd
{%- endmacro %}
