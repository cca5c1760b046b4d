"""Follow-ups: optional steps after a load."""
