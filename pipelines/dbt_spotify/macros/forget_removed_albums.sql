{#
    Delete snapshot versions of albums that no table names any more, rows of unfinished loads included. An album that is
    missing temporarily, or from one table by mistake, keeps its history, which cannot be rebuilt.
#}
{% macro forget_removed_albums(snapshot) %}
    delete from {{ snapshot }}
    where album_id not in (
        select id from {{ as_declared('new_releases') }}
        union all
        select id from {{ as_declared('albums') }}
        union all
        select album_id from {{ as_declared('album_tracks') }}
        union all
        select album_id from {{ as_declared('release_sightings') }} where album_id is not null
    )
{% endmacro %}
