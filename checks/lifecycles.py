"""The order of the stamps of each kind of record (生命周期), design §3.1."""

LIFECYCLES: dict[str, tuple[str, ...]] = {
    "tickets": (
        "accepted_at", "dispatched_at", "taken_at", "contacted_at", "arrived_at", "finished_at", "replied_at",
        "visited_at", "archived_at",
    ),
    "repairs": ("accepted_at", "dispatched_at", "taken_at", "arrived_at", "restored_at", "replied_at"),
    "applications": (
        "accepted_at", "plan_answered_at", "design_reviewed_at", "inspected_at", "connected_at", "archived_at",
    ),
    "evaluations": ("at",),
}  # fmt: skip
