"""What the rows of the benchmark measure with: far ends, peers, accounting, the reference for round trips, the report."""
