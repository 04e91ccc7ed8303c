"""How violations are opened, joined and written (违规立案): the events are the truth, the row beside them a cache."""
