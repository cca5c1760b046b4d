"""What limits calls: pace, pauses, quota, budget, and what is remembered of them. Sends nothing itself."""
