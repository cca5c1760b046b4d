-- No row is lost or doubled: each mart counts the rows that staging holds.
with totals as (

    select
        'dim_albums' as mart,
        (select count(*) from {{ ref('dim_spotify__albums') }}) as in_mart,
        (
            select count(*) from (
                select album_id from {{ ref('stg_spotify__albums') }}
                union
                select album_id from {{ ref('stg_spotify__new_releases') }}
                union
                select album_id from {{ ref('stg_spotify__album_tracks') }}
                union
                select album_id from {{ ref('stg_spotify__release_sightings') }} where album_id is not null
            ) as known
        ) as in_staging

    union all

    select
        'fct_album_tracks' as mart,
        (select count(*) from {{ ref('fct_spotify__album_tracks') }}) as in_mart,
        (select count(*) from {{ ref('stg_spotify__album_tracks') }}) as in_staging

    union all

    select
        'dim_albums.tracks_loaded' as mart,
        (select coalesce(sum(tracks_loaded), 0) from {{ ref('dim_spotify__albums') }}) as in_mart,
        (select count(*) from {{ ref('stg_spotify__album_tracks') }}) as in_staging

    union all

    select
        'dim_tracks' as mart,
        (select count(*) from {{ ref('dim_spotify__tracks') }}) as in_mart,
        (select count(distinct track_id) from {{ ref('stg_spotify__album_tracks') }}) as in_staging

    union all

    select
        'dim_artists' as mart,
        (select count(*) from {{ ref('dim_spotify__artists') }}) as in_mart,
        (
            select count(*) from (
                select artist_id from {{ ref('int_spotify__album_credits') }}
                union
                select artist_id from {{ ref('stg_spotify__album_track_artists') }} where artist_id is not null
            ) as known
        ) as in_staging

    union all

    select
        'fct_load_runs' as mart,
        (select count(*) from {{ ref('fct_spotify__load_runs') }}) as in_mart,
        (select count(*) from {{ ref('stg_spotify__load_runs') }}) as in_staging

    union all

    select
        'rpt_label_share' as mart,
        (select coalesce(sum(albums), 0) from {{ ref('rpt_spotify__label_share') }}) as in_mart,
        (select count(*) from {{ ref('stg_spotify__albums') }}) as in_staging

)

select * from totals
where in_mart <> in_staging
