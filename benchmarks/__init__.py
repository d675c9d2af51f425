"""What the service costs, as ratios: see docs/benchmarks.md. Run with ``python -m benchmarks``."""
