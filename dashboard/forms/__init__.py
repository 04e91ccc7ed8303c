"""Designated-supplier forms (三指定评价表): who wrote one is sealed, and lies apart from what it says."""
