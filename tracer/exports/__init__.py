"""What rows are written as, for other programs."""
