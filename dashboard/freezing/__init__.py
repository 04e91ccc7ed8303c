"""Frozen periods (冻结): what a period's scoring is made of, byte for byte, and how it is read again."""
