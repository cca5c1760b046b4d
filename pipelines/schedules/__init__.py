"""Recipes that load on a schedule, each to be copied: cron, GitHub Actions, Airflow, Dagster."""
