"""Spot-checks (抽查): the plan of the day sealed and revealed, due samples taken, each with exactly one outcome."""
