{{ config(materialized="table") }}

with recursive artist_sets as (

    select
        album_id,
        string_agg(artist_id, ',' order by artist_id) as artist_ids
    from {{ ref('int_spotify__album_credits') }}
    group by album_id

),

first_seen as (

    select
        album_id,
        min(first_seen_at) as first_seen_at
    from {{ ref('int_spotify__album_sightings') }}
    group by album_id

),

-- A group is named after the album that was seen first, so that a later twin doesn't rename it.
albums as (

    select
        albums.album_id,
        albums.upc,
        albums.title_key,
        albums.released_on,
        artist_sets.artist_ids,
        row_number() over (order by first_seen.first_seen_at nulls last, albums.album_id collate "C") as place
    from {{ ref('int_spotify__albums') }} as albums
    left join artist_sets on albums.album_id = artist_sets.album_id
    left join first_seen on albums.album_id = first_seen.album_id

),

-- What albums of one release have in common: either is enough.
marks as (

    select
        place,
        'upc ' || upc as mark
    from albums
    where upc is not null

    union all

    select
        place,
        'title ' || artist_ids || ' ' || released_on || ' ' || title_key as mark
    from albums
    where artist_ids is not null and released_on is not null and title_key is not null

),

shared_marks as (

    select
        place,
        first_place
    from (
        select
            place,
            mark,
            min(place) over (partition by mark) as first_place,
            count(*) over (partition by mark) as albums
        from marks
    ) as counted
    where albums > 1

),

-- Each album of a mark is tied to the first one of it, and not to every other: many that share a mark cost no more
-- than as many that share none.
ties as (

    select
        place,
        first_place as other
    from shared_marks
    where place <> first_place

    union

    select
        first_place as place,
        place as other
    from shared_marks
    where place <> first_place

),

-- Those with none before them in any mark. Whatever else belongs to a group is reached from one of them.
firsts as (

    select place from albums
    except
    select place from ties where other < place

),

-- The place of a first one spreads along the ties: a twin of a twin belongs to the group. UNION keeps each pair once,
-- so that it ends.
reached as (

    select
        place,
        place as label
    from firsts

    union

    select
        ties.other as place,
        reached.label
    from reached
    inner join ties on reached.place = ties.place
    where reached.label < ties.other

),

labelled as (

    select
        place,
        min(label) as label
    from reached
    group by place

)

select
    albums.album_id,
    named.album_id as release_group_id,
    count(*) over (partition by labelled.label) as albums_in_group,
    albums.place = named.place as is_first_of_group
from labelled
inner join albums on labelled.place = albums.place
inner join albums as named on labelled.label = named.place
