{#
    What is new or different replaces what is there, and what is gone goes: afterwards the table equals a full refresh,
    however late or changed the data came.
#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='sighting_key',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}
        delete from {{ this }}
        where sighting_key not in (select sighting_key from {{ ref('int_release_ranks') }})
    {% endif %}"
) }}

{% set columns %}
    sighting_key,
    album_id,
    market,
    run_id,
    seen_at,
    discovered_via,
    cast(rank as integer) as rank,
    cast(previous_rank as integer) as previous_rank,
    cast(rank_change as integer) as rank_change,
    movement,
    is_listing_whole
{% endset %}

select {{ columns }}
from {{ ref('int_release_ranks') }}

{% if is_incremental() %}
    except

    select {{ columns }}
    from {{ this }}
{% endif %}
