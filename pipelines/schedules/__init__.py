"""Recipes for schedulers, to be copied: cron, GitHub Actions, Airflow, Dagster."""
