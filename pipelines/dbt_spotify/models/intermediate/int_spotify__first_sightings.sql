{#
    An album's arrival depends on its date and its editions, which --retain-days removes later. This table therefore
    keeps, for removed albums, that an album arrived and how, without its name. It reads its previous build, and a full
    refresh keeps these rows.
#}
{{ config(materialized="table") }}

{% set before = load_relation(this) if execute else none %}
{% set versions = load_relation(ref('snap_spotify__albums')) if execute else none %}

-- depends_on: {{ ref('snap_spotify__albums') }}
with sightings as (

    select
        md5(concat_ws(
            '|', sightings.album_id, sightings.market, {{ as_text('sightings.first_seen_at') }}
        )) as first_sighting_key,
        sightings.album_id,
        sightings.market,
        sightings.first_seen_at,
        sightings.was_there_at_first,
        md5(groups.release_group_id) as release_key,
        albums.release_precision = 'day' as has_release_day,
        albums.release_precision = 'day' and extract(isodow from albums.released_on) = 5 as is_friday_release,
        -- The arrival time of an album in the market's first listing is unknown.
        case
            when not sightings.was_there_at_first
                then
                    cast(sightings.first_seen_at as date) - albums.release_period_end
                    > {{ var('late_after_days') }}
        end as has_surfaced_late,
        {% if versions and before %}
            coalesce(earlier.versioned_at, versioned.versioned_at)
        {% elif versions %}
            versioned.versioned_at
        {% else %}
            cast(null as timestamp)
        {% endif %} as versioned_at
    from {{ ref('int_spotify__album_sightings') }} as sightings
    inner join {{ ref('int_spotify__albums') }} as albums on sightings.album_id = albums.album_id
    inner join {{ ref('int_spotify__release_groups') }} as groups on sightings.album_id = groups.album_id
    {% if versions %}
        left join (
            select distinct
                album_id,
                cast(now() at time zone 'UTC' as timestamp) as versioned_at
            from {{ versions }}
        ) as versioned on sightings.album_id = versioned.album_id
    {% endif %}
    {% if before %}
        left join {{ before }} as earlier
            on
                sightings.album_id = earlier.album_id
                and sightings.market = earlier.market
                and sightings.first_seen_at = earlier.first_seen_at
    {% endif %}

),

-- Removed by retention, not lost: the listings keep their positions.
removed as (

    select distinct
        market,
        seen_at
    from {{ ref('stg_spotify__release_sightings') }}
    where is_of_listing and is_removed

)

select * from sightings
{% if before %}

    union all

    select
        first_sighting_key,
        cast(null as varchar) as album_id,
        market,
        first_seen_at,
        was_there_at_first,
        release_key,
        has_release_day,
        is_friday_release,
        has_surfaced_late,
        cast(null as timestamp) as versioned_at
    from {{ before }} as earlier
    where
        not exists (
            select 1 from sightings
            where
                sightings.album_id = earlier.album_id
                and sightings.market = earlier.market
                and sightings.first_seen_at <= earlier.first_seen_at
        )
        and exists (
            select 1 from removed
            where removed.market = earlier.market and removed.seen_at = earlier.first_seen_at
        )
{% endif %}
