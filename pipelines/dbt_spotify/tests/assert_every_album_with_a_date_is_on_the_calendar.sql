select
    (select coalesce(sum(albums), 0) from {{ ref('rpt_release_calendar') }}) as on_calendar,
    (select count(*) from {{ ref('dim_albums') }} where released_on is not null) as dated
where on_calendar <> dated
