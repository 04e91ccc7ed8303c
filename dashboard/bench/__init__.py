"""Benches (基准): one file per subject with `run(size, pairs)`; each prints ratios to a baseline of the same run."""
