"""What the judge's benchmark measures, how it prints it, and what it requires."""
