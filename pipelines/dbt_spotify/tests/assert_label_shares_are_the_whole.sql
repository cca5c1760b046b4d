-- A billionth is rounding; a larger difference is an album counted twice or not at all.
select sum(album_share) as total
from {{ ref('rpt_spotify__label_share') }}
having abs(sum(album_share) - 1) > 1e-9
