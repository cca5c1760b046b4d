-- The incremental table holds every listing as it was read. Rank changes are covered by unit tests: to compute all of
-- them again at each build would cost more than the build.
select * from ({{ changed_listings(ref('fct_spotify__release_sightings')) }}) as changed
