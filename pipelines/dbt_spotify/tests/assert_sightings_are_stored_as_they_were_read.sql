-- However it came about, the incremental table holds every listing as it was read. That what is said of changes of rank is
-- right is for the unit tests: to work all of it out again at every build would cost more than the build.
select * from ({{ changed_listings(ref('fct_spotify__release_sightings')) }}) as changed
