"""Limits of API calls, and what runs remember of an app."""
