"""Judgement (评判): pure functions on frames and values. Imports nothing of ours, no Streamlit, no database."""
