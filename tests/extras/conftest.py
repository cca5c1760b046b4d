"""The tests around a load share the command's fixtures: a place to load to, an API, three albums."""

from __future__ import annotations

from tests.command.conftest import api, clock, place, serve, three

__all__ = ["api", "clock", "place", "serve", "three"]
