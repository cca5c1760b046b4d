{#
    Takes versions of albums out of a snapshot that no table names any more, not even in rows of unfinished loads: what is
    only missing for now, or from one table by mistake, must not cost a history that nothing can build again.
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
