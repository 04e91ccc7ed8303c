"""Judgement over the database (评判): reads records, judges them by `checks`, keeps the roll-ups up to date."""
