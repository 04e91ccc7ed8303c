"""Disputes of records (数据异议): which record, what would be right, and the files that prove it."""
