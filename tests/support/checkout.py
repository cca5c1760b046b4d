"""Paths of the checkout and its commands."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
LOAD_PY = CHECKOUT / "pipelines" / "load.py"
REPORT_PY = CHECKOUT / "pipelines" / "report.py"
PROBE_PY = CHECKOUT / "pipelines" / "probe_rate_limit.py"
