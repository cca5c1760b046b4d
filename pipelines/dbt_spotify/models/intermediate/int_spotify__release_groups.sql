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

-- The album that was seen first names the group, so that a later edition does not rename it.
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

-- Marks that the albums of one release share: one is enough.
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

-- Each album with a mark is linked to the first album with it, not to all others, so that the cost stays linear.
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

-- Albums that come first for all their marks. All others in a group are reached from one of them.
firsts as (

    select place from albums
    except
    select place from ties where other < place

),

-- Groups spread along the links: an edition of an edition belongs to the group. UNION removes duplicates, so that the
-- recursion ends.
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
