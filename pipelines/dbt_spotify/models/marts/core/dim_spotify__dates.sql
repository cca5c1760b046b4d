with days_in_use as (

    select released_on as date_day from {{ ref('int_spotify__albums') }} where released_on is not null
    union
    select release_period_end from {{ ref('int_spotify__albums') }} where release_period_end is not null
    union
    select cast(seen_at as date) from {{ ref('int_spotify__listing_runs') }}
    union
    select cast(started_at as date) from {{ ref('stg_spotify__load_runs') }} where started_at is not null

),

-- Contiguous for plausible years. Dates outside them, which are errors, stand alone.
bounds as (

    select
        min(date_day) as first_day,
        max(date_day) as last_day
    from days_in_use
    where date_day between date '1900-01-01' and date '2099-12-31'

),

days as (

    select cast(series.day as date) as date_day
    from bounds
    cross join generate_series(cast(bounds.first_day as timestamp), bounds.last_day, interval '1' day) as series (day)
    union
    select date_day from days_in_use

)

select
    date_day,
    cast(extract(year from date_day) as integer) as year_number,
    cast(extract(quarter from date_day) as integer) as quarter_of_year,
    cast(extract(month from date_day) as integer) as month_of_year,
    cast(date_trunc('month', date_day) as date) as month_start,
    cast(extract(isodow from date_day) as integer) as day_of_week,
    {{ day_name('date_day') }} as day_name,
    extract(isodow from date_day) = 5 as is_friday,
    {{ music_week_start('date_day') }} as music_week_start
from days
