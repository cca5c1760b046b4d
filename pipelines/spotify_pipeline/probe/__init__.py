"""The parts of probe_rate_limit.py: the calls, and what is measured of them."""
