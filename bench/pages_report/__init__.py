"""What the benchmark of the pages needs besides itself: a fleet to look at, and a person who looks."""
