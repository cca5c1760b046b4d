"""The charting library: Vega-Lite, as vl-convert ships it. Knows where its JavaScript comes from, not what it draws."""

from __future__ import annotations

from functools import lru_cache

import vl_convert


@lru_cache(maxsize=1)
def javascript() -> str:
    """Vega, Vega-Lite and Vega-Embed as one module of JavaScript that needs nothing else."""
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    if "</script" in bundle.lower() or "<!--" in bundle:
        raise ValueError("The charting library can't stand in a page as it is.")
    return bundle
