"""The values that travel between the steps: immutable, and free of I/O."""
