"""What comes in at the edges, as pydantic models that convert to domain values."""
