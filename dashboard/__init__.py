"""The application: database, queries, actions, schedule, wiring. Imports checks and collectors."""
