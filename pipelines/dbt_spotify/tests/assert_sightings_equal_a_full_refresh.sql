-- However it came about, the incremental table holds what the ranks say now, no less and no more.
(
    select sighting_key, rank, previous_rank, movement, is_listing_whole from {{ ref('int_release_ranks') }}
    except
    select sighting_key, rank, previous_rank, movement, is_listing_whole from {{ ref('fct_release_sightings') }}
)
union all
(
    select sighting_key, rank, previous_rank, movement, is_listing_whole from {{ ref('fct_release_sightings') }}
    except
    select sighting_key, rank, previous_rank, movement, is_listing_whole from {{ ref('int_release_ranks') }}
)
