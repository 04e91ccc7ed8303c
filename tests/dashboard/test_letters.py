"""Letters about violations, read back with python-docx; expectations by hand."""

import contextlib
import io
import re
import zipfile
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from docx import Document

from dashboard.actions.letters import put_templates, refuse, write_letter, write_to
from dashboard.actions.violations import deal, open_by_hand
from dashboard.bootstrap import Application
from dashboard.cases.opening import open_case
from dashboard.database.models import AUDIT, LETTER_CASES, LETTERS, RECORD_TABLES, VIOLATIONS
from dashboard.errors import MingchaError, NotAllowedError, UsageError
from dashboard.judging.rules import rules_of
from dashboard.letters.blank import blank
from dashboard.letters.filling import Values, fields_of, filled
from dashboard.letters.kinds import KINDS
from dashboard.people import Viewer
from dashboard.queries.letters import letters_of, writable
from dashboard.queries.violations import violation
from dashboard.settings import Settings

TUESDAY = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai, a working day
INSPECTOR = Viewer("张检", "inspector", frozenset({"*"}))
MANAGER = Viewer("王区", "regional_manager", frozenset({"*"}))
HEAD = Viewer("所长甲", "office_head", frozenset({"S1"}))
VALUES = Values({"单位": "城南所", "编号": "1"}, {"经过": [{"时间": "九时", "说明": "x"}]}, {"经过": ("时间", "说明")})


def text_of(content):
    """All text of a letter: body, tables, footers."""
    document = Document(io.BytesIO(content))
    lines = [one.text for one in document.paragraphs]
    lines += [" | ".join(cell.text for cell in row.cells) for table in document.tables for row in table.rows]
    return "\n".join(lines + [one.text for one in document.sections[0].footer.paragraphs])


def template(*paragraphs, rows=()):
    """A Word file: each paragraph a text, or a tuple of runs."""
    document = Document()
    for one in paragraphs:
        paragraph = document.add_paragraph()
        for run in (one,) if isinstance(one, str) else one:
            paragraph.add_run(run)
    if rows:
        table = document.add_table(0, len(rows[0]))
        for row in rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def fill(content, values=VALUES, marks=()):
    return filled(content, values, name="own.docx", marks=marks, at=TUESDAY)


def test_a_field_is_found_however_word_has_cut_it_and_a_value_is_never_a_field():
    cut = template(("致 {", "{单", "位}", "}：第{{ 编号 }}号"), "{{单位}}{{编号}}")
    assert text_of(fill(cut)).splitlines()[:2] == ["致 城南所：第1号", "城南所1"]
    trap = Values({"单位": "{{编号}}\n第二行\x07", "编号": ""}, {}, {})
    filled_in = fill(cut, trap, marks=["印"])
    assert text_of(filled_in).splitlines()[:3] == ["致 {{编号}}", "第二行 ：第—号", "{{编号}}"]
    assert text_of(filled_in).endswith("印")
    assert fill(cut, trap, ["印"]) == filled_in  # the same bytes
    assert fields_of(cut, "x") == ["单位", "编号"]


def test_a_table_row_is_repeated_for_each_item_and_stays_where_there_is_none():
    rows = template(rows=[("时间", "说明"), ("{{经过.时间}}", "{{单位}}：{{经过.说明}}")])
    two = Values(
        VALUES.single, {"经过": [{"时间": "1", "说明": "{{编号}}"}, {"时间": "2", "说明": "b"}]}, VALUES.columns
    )
    assert text_of(fill(rows, two)).strip().splitlines() == ["时间 | 说明", "1 | 城南所：{{编号}}", "2 | 城南所：b"]
    none = Values(VALUES.single, {}, VALUES.columns)
    assert text_of(fill(rows, none)).strip().splitlines() == ["时间 | 说明", "— | 城南所：—"]


def test_notes_are_filled_in_and_marks_stand_where_a_program_left_the_section_out():
    spaces = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    note = (
        f"<w:footnotes {spaces}><w:footnote><w:p><w:r><w:t>致{{{{单位}}}}</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    office = "officeDocument"
    kind = f"application/vnd.openxmlformats-{office}.wordprocessingml.footnotes+xml"
    relation = f"http://schemas.openxmlformats.org/{office}/2006/relationships/footnotes"
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(template("{{编号}}"))) as before, zipfile.ZipFile(written, "w") as after:
        for name in before.namelist():
            text = before.read(name).decode() if name.endswith((".xml", ".rels")) else ""
            text = re.sub("<w:sectPr.*</w:sectPr>", "", text, flags=re.DOTALL)
            text = text.replace("</Types>", f'<Override PartName="/word/footnotes.xml" ContentType="{kind}"/></Types>')
            if name == "word/_rels/document.xml.rels":
                own = f'<Relationship Id="rId99" Type="{relation}" Target="footnotes.xml"/></Relationships>'
                text = text.replace("</Relationships>", own)
            after.writestr(name, text or before.read(name))
        after.writestr("word/footnotes.xml", note)
    made = fill(written.getvalue(), marks=["印"])
    assert text_of(made).endswith("印")
    assert "致城南所" in zipfile.ZipFile(io.BytesIO(made)).read("word/footnotes.xml").decode()
    assert fields_of(written.getvalue(), "x") == ["编号", "单位"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (template("{{电话}}"), "own.docx has an unknown field '电话'; known are 单位, 编号, 经过.时间, 经过.说明."),
        (template(rows=[("{{车.号}}",)]), "own.docx has an unknown field '车.号'; known are"),
        (template("{{经过.时间}}"), "The field 经过.时间 of own.docx belongs to a list."),
        (template("致 {{单位"), "In own.docx a field is begun and not ended: '致 {{单位'."),
        (b"no file of Word", "The template own.docx is no Word file that can be read."),
    ],
)
def test_what_is_wrong_with_a_template_is_named(content, said):
    with pytest.raises(MingchaError) as caught:
        fill(content)
    assert said in str(caught.value)


def test_every_template_of_the_project_uses_known_fields_and_chinese_faces():
    for kind in KINDS:
        content = blank(kind)
        assert "责任单位" in fields_of(content, kind) or kind == "circular"
        faces = {run.font.name for one in Document(io.BytesIO(content)).paragraphs for run in one.runs}
        assert faces == {"仿宋", "宋体"}


@pytest.fixture
def office(database, tmp_path):
    return application(database, tmp_path)


@pytest.fixture
def quick(sqlite_database, tmp_path):
    return application(sqlite_database, tmp_path)


def application(database, tmp_path):
    with database.session() as connection:
        for code, level, parent in (("S1", "station", None), ("H1", "hall", "S1")):
            connection.execute(sa.insert(RECORD_TABLES["offices"]).values(
                code=code, name=f"城南{code}", level=level, parent_code=parent, valid_from="2020-01-01", version_at=0,
                content_hash=0, batch_id=0, row_no=0))  # fmt: skip
    settings = Settings.model_validate({
        "home": tmp_path, "company": {"name": "示范公司", "demo": True}, "letters": {"folder": "own"},
    })  # fmt: skip
    return Application(settings, database, None, now=lambda: TUESDAY)


def test_letters_follow_the_case_and_each_leaves_its_number_its_digest_and_a_line(office, tmp_path):
    db, rules = office.db, rules_of(office.settings)
    number = open_by_hand(
        db, by=INSPECTOR, office="H1", item="R02", observed_at=TUESDAY, note="窗口无人", at=TUESDAY, rules=rules
    )
    step = {"by": INSPECTOR, "number": number, "at": TUESDAY, "rules": rules}

    def write(kind="notice", by=INSPECTOR, numbers=(number,)):
        return write_letter(office, by=by, kind=kind, numbers=numbers)

    with pytest.raises(UsageError, match="No such letter can be written about V-2026-000001"):
        write()
    deal(db, deed="confirm", seen=1, note="电话 13812345678 的客户在等", item="R02", **step)
    deal(db, deed="send_down", seen=2, note="补齐人员", **step)
    deal(db, deed="supervise", seen=3, note="久拖不改", **step)
    notice = write()
    said = text_of(notice.content)
    assert (notice.number, notice.name) == ("L-2026-000001", "整改通知单-V-2026-000001-L-2026-000001.docx")
    for words in (
        "示范公司",
        "城南H1：",
        "2026年9月1日",
        "补齐人员",
        "2026年9月8日",
        "【演示】",
        "L-2026-000001  张检",
    ):
        assert words in said
    assert "{{" not in said
    assert "13812345678" not in said
    supervised = text_of(write("supervision", MANAGER).content)
    assert "久拖不改" in supervised
    assert "2026年9月1日 10:00 | " in supervised
    assert f"1 | {number} | 城南H1" in text_of(write("circular", MANAGER).content)

    # who may not, and what is not there: the same answer
    for by, kind, says in ((HEAD, "notice", "may not write a letter"), (MANAGER, "discipline", "may not propose acc")):
        with pytest.raises(NotAllowedError, match=says):
            write(kind, by)
    with pytest.raises(NotAllowedError, match="There is no violation 'V-2026-000009'"):
        write(numbers=["V-2026-000009"])
    with pytest.raises(UsageError, match="Only a circular is about several cases"):
        write(numbers=[number, "V-2026-000009"])
    story = violation(db, INSPECTOR, number, rules=rules, as_of=TUESDAY)
    assert writable(db, INSPECTOR, story) == ["notice", "supervision", "circular"]
    assert writable(db, HEAD, story) == []
    assert [one.number for one in letters_of(db, HEAD, story)] == ["L-2026-000001", "L-2026-000002", "L-2026-000003"]

    # the company's own template stands in its folder
    put_templates(tmp_path / "own")
    (tmp_path / "own" / "notice.docx").write_bytes(template("我公司：{{责任单位}}"))
    path, own = write_to(tmp_path / "out", office, by=INSPECTOR, kind="notice", numbers=[number])
    assert text_of(path.read_bytes()).startswith("我公司：城南H1")
    assert (tmp_path / "own" / "notice.docx") not in put_templates(tmp_path / "own")

    with db.session() as connection:
        rows = connection.execute(sa.select(LETTERS.c.number, LETTERS.c.sha256, LETTERS.c.template_sha256)).all()
        trail = connection.execute(sa.select(AUDIT.c.subject).where(AUDIT.c.action == "letter")).scalars().all()
        assert connection.scalar(sa.select(sa.func.count()).select_from(LETTER_CASES)) == 4
    assert [row.number for row in rows] == [f"L-2026-00000{n}" for n in range(1, 5)]
    assert rows[0].sha256 == notice.sha256
    assert rows[0].template_sha256 is None
    assert rows[3].template_sha256 is not None
    assert trail == [number] * 4
    assert own.sha256 == rows[3].sha256


def test_a_letter_about_a_reported_case_tells_nothing_of_how_it_became_known(quick):
    office, db, rules = quick, quick.db, rules_of(quick.settings)
    with db.session() as connection:
        number = open_case(
            connection, kind="designated", record="evaluations", reference="E-77", office="H1", severity="A",
            item="B10", at=TUESDAY, by=INSPECTOR, observed_at=datetime(2026, 8, 3, tzinfo=UTC),
        )  # fmt: skip
    step = {"by": INSPECTOR, "number": number, "rules": rules, "at": TUESDAY}
    deal(db, deed="confirm", seen=1, note="用户王某来信", item="B10", **step)
    for kind in ("notice", "circular"):
        with pytest.raises(UsageError, match="is known to inspectors alone"):
            write_letter(office, by=INSPECTOR, kind=kind, numbers=[number])
    deal(db, deed="send_down", seen=2, note="自查自纠", **step)
    said = text_of(write_letter(office, by=INSPECTOR, kind="notice", numbers=[number]).content)
    assert "自查自纠" in said
    assert "2026年9月1日" in said
    for secret in ("王某", "E-77", "8月3日"):
        assert secret not in said
    with db.session() as connection:
        assert connection.scalar(sa.select(VIOLATIONS.c.restricted)) is True


def test_a_letter_follows_where_the_case_stands_by_now():
    """A proposal of discipline that was refused is none; a case that stands again was not sent down again."""

    def possible(state, *sides):
        one = SimpleNamespace(number="V-1", secret=False, state=state, sides=frozenset(sides))
        found = []
        for name, kind in KINDS.items():
            with contextlib.suppress(UsageError):
                refuse(kind, one)
                found.append(name)
        return found

    assert possible("candidate") == []
    assert possible("candidate", "supervised") == ["supervision"]
    assert possible("confirmed") == ["circular"]
    assert possible("rectifying", "appealed") == ["notice"]
    assert possible("closed") == ["notice", "circular"]
    assert possible("closed", "accountability_proposed") == ["notice", "circular", "discipline"]
    assert possible("closed", "accountability_decided") == ["notice", "circular", "discipline"]
    assert possible("annulled", "supervised", "appeal_decided") == []
