"""Recipes for loads on a schedule with cron, GitHub Actions, Airflow and Dagster."""
