"""The signed head for the auditor (链头寄送): once a day, so that it lies where nobody of ours can change it."""

from __future__ import annotations

from dashboard.bootstrap import Application
from dashboard.evidence.heads import last_head
from dashboard.instants import LOCAL
from dashboard.notices.outbox import enter, page_link


def tell_head(app: Application) -> int:
    """Enter the newest head for the people of `[notices] heads_to`, once a local day; how many are told."""
    people, now = app.settings.notices.heads_to, app.now()
    if not people:
        return 0
    with app.db.session() as connection:
        head = last_head(connection)
        if head is None:
            return 0
        return enter(
            connection, key=f"head {now.astimezone(LOCAL):%Y-%m-%d}", to=people, topic="head",
            words="The evidence chain has {count} entries. Keep this head; mingcha verify --head compares it.\n{head}",
            values={"count": head.count, "head": head.document()}, link=page_link("proof"), at=now,
        )  # fmt: skip
