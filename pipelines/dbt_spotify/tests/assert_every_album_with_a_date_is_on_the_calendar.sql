with counted as (

    select
        (select coalesce(sum(albums), 0) from {{ ref('rpt_spotify__release_calendar') }}) as on_calendar,
        (select count(*) from {{ ref('dim_spotify__albums') }} where released_on is not null) as dated

)

select * from counted
where on_calendar <> dated
