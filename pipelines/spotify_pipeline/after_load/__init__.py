"""What follows a load: comments, export, retention, dbt, Iceberg."""
