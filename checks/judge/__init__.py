"""Verdicts (评判): one file per kind of record, frame of records + rules → frame of verdicts with reasons."""
