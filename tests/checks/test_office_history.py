"""Offices through any history of changes: one version a day, every record in exactly one row, by both trees."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.office_effects import changes_between, effects, story_of
from checks.office_history import (
    Adjust,
    Change,
    Close,
    Merge,
    Move,
    OfficeChangeError,
    Open,
    Part,
    Rename,
    Split,
    Version,
    all_of,
    history_of,
    require_sound,
    touched,
    tree_of_history,
)
from checks.offices import ONE_DAY, Tree, TreeOfOneDay
from checks.periods import Period

START, END = dt.date(2026, 7, 1), dt.date(2026, 10, 1)
QUARTER = Period("2026-Q3", START, END)
TODAY = dt.date(2026, 9, 30)
COUNTIES, STATIONS, NEW = ("K1", "K2"), ("S1", "S2", "S3", "S4"), ("S5", "S6", "S7")
FIRST = history_of([
    *(Version(code, code, "county") for code in COUNTIES),
    *(Version(code, code, "station", parent_code="K1" if code < "S3" else "K2", customers=100) for code in STATIONS),
    Version("H1", "H1", "hall", "S1"), Version("H2", "H2", "hall", "S3"),
])  # fmt: skip

DAYS = st.dates(START, TODAY)
ANY_STATION = st.sampled_from((*STATIONS, *NEW))
CHANGES = st.one_of(
    st.builds(Rename, DAYS, ANY_STATION, st.sampled_from(("甲所", "乙所"))),
    st.builds(Move, DAYS, ANY_STATION, st.sampled_from(COUNTIES)),
    st.builds(Move, DAYS, st.sampled_from(("H1", "H2")), ANY_STATION),
    st.builds(Merge, DAYS, st.lists(ANY_STATION, min_size=1, max_size=3).map(tuple), ANY_STATION, st.just("合所")),
    st.builds(Open, DAYS, ANY_STATION, st.just("新所"), st.just("station"), st.sampled_from(COUNTIES)),
    st.builds(Adjust, DAYS, ANY_STATION, st.fixed_dictionaries({"customers": st.integers(1, 900)})),
    st.builds(Close, DAYS, ANY_STATION),
    st.builds(Split, DAYS, st.sampled_from(("S1", "S2", "S4")), st.sampled_from((
        (Part("S5", "东所"), Part("S6", "西所")), (Part("S1", "东所"), Part("S7", "西所")),
    )), st.sampled_from(({}, {"H1": "S5"}))),
)  # fmt: skip


def lived(changes: list[Change]):
    """The history after the changes that it bears."""
    history = FIRST
    for change in changes:
        with suppress(OfficeChangeError):
            after = change.applied(history)
            require_sound(history, after, change.day)
            history = after
    return history


def records(history):
    """One record a week of every office that is valid then."""
    for week in range(13):
        day = START + dt.timedelta(weeks=week)
        yield from ((one.code, day) for one in all_of(history) if one.valid_on(day))


def counted(tree: Tree, level: str, history) -> Counter[str]:
    """Row of the level → records that count for it."""
    rows = {office.code for office in tree.rows(level, QUARTER)}
    return Counter(above for code, day in records(history) for above in tree.path(code, day) if above in rows)


@given(st.lists(CHANGES, max_size=9))
@settings(max_examples=150, deadline=None)
def test_each_day_has_one_version_and_each_record_one_row_by_both_trees(changes):
    history = lived(changes)
    for code in history:
        for day in (START + dt.timedelta(days=n) for n in range(0, 92, 3)):
            assert sum(one.valid_on(day) for one in history[code]) <= 1, (code, day)
    tree = tree_of_history(history)
    today = TreeOfOneDay(tree.versions, TODAY)
    below_counties = sum(1 for code, _ in records(history) if code not in COUNTIES)
    for level in ("station", "county"):
        day_sum, today_sum = counted(tree, level, history), counted(today, level, history)
        assert day_sum.total() == today_sum.total()
    assert counted(tree, "station", history).total() == below_counties
    assert counted(tree, "county", history).total() == sum(1 for _ in records(history))


@given(st.lists(CHANGES, max_size=6), CHANGES)
@settings(max_examples=100, deadline=None)
def test_a_change_leaves_everything_before_its_day_as_it_was(changes, last):
    before = lived(changes)
    after = lived([*changes, last])
    was, is_now = tree_of_history(before), tree_of_history(after)
    for code in before:
        for day in (last.day - ONE_DAY, START - ONE_DAY):
            assert was.path(code, day) == is_now.path(code, day)
            old, new = was.on(code, day), is_now.on(code, day)
            assert (old.name, old.customers, old.valid_on(day)) == (new.name, new.customers, new.valid_on(day))
    if before == after:
        assert effects(was, is_now, last.day) == []
    if touched(before, after):
        assert effects(was, is_now, last.day)


def test_the_story_is_told_from_the_versions_without_what_follows_from_it():
    history = lived([
        Rename(dt.date(2026, 7, 10), "S2", "甲所"), Merge(dt.date(2026, 8, 1), ("S1",), "S2"),
        Split(dt.date(2026, 9, 1), "S3", (Part("S5", "东所"), Part("S6", "西所")), {"H2": "S6"}),
        Move(dt.date(2026, 9, 2), "S4", "K1"), Close(dt.date(2026, 9, 9), "S4"),
    ])  # fmt: skip
    tree = tree_of_history(history)
    told = [(str(one.day)[5:], one.kind, one.code, one.after) for one in changes_between(tree, START, TODAY)]
    assert told == [
        ("07-10", "renamed", "S2", ("甲所",)),
        ("08-01", "merged", "S1", ("S2",)),
        ("09-01", "split", "S3", ("S5", "S6")),
        ("09-02", "moved", "S4", ("K1",)),
        ("09-09", "closed", "S4", ()),
    ]
    assert [one.kind for one in story_of(tree, "S2")] == ["renamed", "merged", "adjusted"]
    assert changes_between(tree, dt.date(2026, 8, 1), dt.date(2026, 8, 1))[0].concerns == {"S1", "S2"}


def test_a_chain_of_mergers_ends_with_the_last_one():
    history = lived([Merge(dt.date(2026, 7, 10), ("S1",), "S2"), Merge(dt.date(2026, 8, 1), ("S2",), "S3")])
    tree = tree_of_history(history)
    assert tree.path("S1", dt.date(2026, 7, 9)) == ("S1", "K1")
    assert tree.path("S1", dt.date(2026, 7, 20)) == ("S2", "K1")
    assert tree.path("S1", dt.date(2026, 8, 1)) == ("S3", "K2")
    today = TreeOfOneDay(tree.versions, TODAY)
    assert today.path("S1", dt.date(2020, 1, 1)) == ("S3", "K2")
    assert today.path("H1", dt.date(2020, 1, 1)) == ("H1", "S3", "K2")
    assert [office.code for office in today.rows("station", QUARTER)] == ["S3", "S4"]


def test_successors_in_a_circle_end_somewhere():
    gone = {"valid_to": dt.date(2026, 7, 31)}
    history = history_of([Version("A", "A", "station", successor_code="B", **gone),
                          Version("B", "B", "station", successor_code="A", **gone)])  # fmt: skip
    assert tree_of_history(history).path("A", dt.date(2026, 8, 1)) == ("B",)


def test_trap_18_a_code_of_another_prefix_stays_below_its_pointer_and_an_orphan_is_a_root():
    """Trap 18: the tree is a pointer; orphans are roots, circles are refused."""
    history = history_of([Version("34401", "市公司", "company"), Version("3441104", "县公司", "county", "34401"),
                          Version("9", "孤所", "station", "nowhere")])  # fmt: skip
    tree = tree_of_history(history)
    assert tree.path("3441104", START) == ("3441104", "34401")
    assert tree.path("9", START) == ("9",)
    renamed = Rename(START, "9", "新名").applied(history)
    require_sound(history, renamed, START)  # an imported pointer to nowhere is not this change's fault
