"""Where a run loads to."""
