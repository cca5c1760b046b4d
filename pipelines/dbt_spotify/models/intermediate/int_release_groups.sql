{{ config(materialized="table") }}

with recursive artist_sets as (

    select
        album_id,
        array_to_string(list_sort(list(artist_id)), ',') as artist_ids
    from {{ ref('int_album_credits') }}
    group by album_id

),

first_seen as (

    select
        album_id,
        min(first_seen_at) as first_seen_at
    from {{ ref('int_album_sightings') }}
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
        row_number() over (order by first_seen.first_seen_at nulls last, albums.album_id) as place
    from {{ ref('int_albums') }} as albums
    left join artist_sets on albums.album_id = artist_sets.album_id
    left join first_seen on albums.album_id = first_seen.album_id

),

-- What albums of one release have in common: either is enough.
marks as (

    select
        album_id,
        place,
        'upc ' || upc as mark
    from albums
    where upc is not null

    union all

    select
        album_id,
        place,
        'title ' || artist_ids || ' ' || released_on || ' ' || title_key as mark
    from albums
    where artist_ids is not null and released_on is not null and title_key is not null

),

shared_marks as (

    select *
    from marks
    qualify count(*) over (partition by mark) > 1

),

-- The place of an album spreads to all later ones that share a mark with it, and on from there: a twin of a twin
-- belongs to the group. UNION keeps each pair once, so that it ends.
reached as (

    select
        album_id,
        place as label
    from albums

    union

    select
        twins.album_id,
        reached.label
    from reached
    inner join shared_marks as mine on reached.album_id = mine.album_id
    inner join shared_marks as twins on mine.mark = twins.mark
    where reached.label < twins.place

),

labelled as (

    select
        album_id,
        min(label) as label
    from reached
    group by album_id

)

select
    labelled.album_id,
    firsts.album_id as release_group_id,
    count(*) over (partition by labelled.label) as albums_in_group,
    labelled.album_id = firsts.album_id as is_first_of_group
from labelled
inner join albums as firsts on labelled.label = firsts.place
