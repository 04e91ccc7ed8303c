"""Blind review (盲审): rounds, the draw of second looks, claims, and what of it all comes to count."""
