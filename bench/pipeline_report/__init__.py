"""What the pipeline benchmark calculates with."""
