-- Albums listed as new that are not: those that surface over a year after their release, and new editions by name.
select
    album_name,
    artist_names,
    release_date,
    cast(first_seen_at as date) as first_seen_on,
    extract(year from first_seen_at) - extract(year from released_on) as years_later,
    case
        when cast(first_seen_at as date) - release_period_end > 365 then 'an old date'
        else 'its name'
    end as known_by
from {{ ref('dim_spotify__albums') }}
where
    cast(first_seen_at as date) - release_period_end > 365
    or {{ has_word('album_name', 'deluxe|remaster(ed)?|reissue|anniversary|expanded|re-?recorded|box|edition') }}
order by release_period_end, album_name collate "C"
