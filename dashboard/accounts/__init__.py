"""Accounts (账号): who people are, once a database has any; until then `[people]` is believed.

`people_of` and `viewer_of` are what the rest of the project asks; both answer for either case.
"""

from dashboard.accounts.persons import Person, has_accounts, people_of, viewer_of

__all__ = ["Person", "has_accounts", "people_of", "viewer_of"]
