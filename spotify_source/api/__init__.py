"""The Web API: how it is called, and what its replies mean. Knows no table and no run."""
