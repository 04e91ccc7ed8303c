"""The project's own templates (空白模板), made with python-docx: 仿宋 text and 宋体 titles, easy to replace."""

from __future__ import annotations

import io
from collections.abc import Sequence

from docx import Document
from docx.document import Document as Word
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from dashboard.letters.kinds import KINDS

TEXT, TITLE = "仿宋", "宋体"
Line = str | tuple[str, ...]

BODIES: dict[str, tuple[Line, ...]] = {
    "notice": (
        "{{责任单位}}：",
        "    {{监测日期}}，营业窗口服务监督发现你单位存在以下问题，现责令限期整改。",
        ("问题编号", "{{案件编号}}"), ("问题类型", "{{问题类型}}"), ("违规等级", "{{违规等级}}"),
        ("问题描述", "{{问题描述}}"), ("整改要求", "{{整改要求}}"), ("整改期限", "{{整改期限}}"),
        "    请在期限内查明原因、明确责任、落实措施并提交佐证。对认定有异议的，可在申诉期内提出申诉。",
    ),
    "supervision": (
        "{{责任单位}}：",
        "    你单位下列问题已列入督办，请按期办结并书面报告。",
        ("问题编号", "{{案件编号}}"), ("问题类型", "{{问题类型}}"), ("违规等级", "{{违规等级}}"),
        ("督办原因", "{{督办原因}}"), ("当前环节", "{{当前环节}}"), ("办理期限", "{{环节期限}}"),
        ("退回次数", "{{退回次数}}"),
        "    办理经过：",
        ("#经过", "时间", "事项", "说明"),
    ),
    "circular": (
        "各单位：",
        "    现将供电优质服务监督中核实的 {{案件数}} 起违规问题通报如下，请各单位引以为戒，举一反三。",
        ("#案件", "序号", "案件编号", "责任单位", "问题类型", "违规等级", "监测日期", "整改期限", "状态"),
    ),
    "discipline": (
        "{{责任单位}}：",
        "    根据供电优质服务监督核实的事实，提出以下纪律检查建议。本文书仅为建议，处理决定以书面文件为准。",
        ("问题编号", "{{案件编号}}"), ("问题类型", "{{问题类型}}"), ("违规等级", "{{违规等级}}"),
        ("问题原因", "{{问题原因}}"), ("责任部门", "{{责任部门}}"), ("责任岗位", "{{责任岗位}}"),
        ("整改措施", "{{整改措施}}"), ("教育培训", "{{教育培训}}"), ("建议处理", "{{建议处理}}"),
        ("连带责任", "{{连带责任}}"),
    ),
}  # fmt: skip
"""A text is a paragraph, a pair a row of two cells, `#list` a table with a row per item."""


def blank(kind: str) -> bytes:
    """The template of a kind of letter, as Word opens it."""
    document = Document()
    _page(document)
    _paragraph(document, "{{公司}}", TITLE, 16, centred=True)
    _paragraph(document, KINDS[kind].title, TITLE, 22, centred=True, bold=True)
    _paragraph(document, "编号：{{文号}}", TEXT, 12, right=True)
    pairs: list[tuple[str, ...]] = []
    for line in (*BODIES[kind], ""):
        if isinstance(line, tuple) and not line[0].startswith("#"):
            pairs.append(line)
            continue
        if pairs:
            _table(document, pairs, (Cm(3.5), Cm(12)))
            pairs = []
        if isinstance(line, tuple):
            name = line[0][1:]
            _table(document, [line[1:], tuple(f"{{{{{name}.{column}}}}}" for column in line[1:])], (), size=9)
        else:
            _paragraph(document, line, TEXT, 14)
    _paragraph(document, "签发：            （盖章）", TEXT, 14, right=True)
    _paragraph(document, "{{成文日期}}", TEXT, 14, right=True)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _page(document: Word) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.7)
    section.top_margin, section.bottom_margin = Cm(3), Cm(2.5)
    font = document.styles["Normal"].font
    font.name = TEXT
    font.element.rPr.rFonts.set(qn("w:eastAsia"), TEXT)


def _paragraph(
    document: Word, text: str, face: str, size: int, *, centred: bool = False, right: bool = False, bold: bool = False
) -> None:
    paragraph = document.add_paragraph()
    if centred or right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if centred else WD_ALIGN_PARAGRAPH.RIGHT
    _run(paragraph, text, face, size, bold=bold)


def _run(paragraph: object, text: str, face: str, size: int, *, bold: bool = False) -> None:
    run = paragraph.add_run(text)  # type: ignore[attr-defined]
    run.font.name, run.font.size, run.font.bold = face, Pt(size), bold
    run._element.rPr.rFonts.set(qn("w:eastAsia"), face)


def _table(document: Word, rows: Sequence[Sequence[str]], widths: Sequence[Cm], size: int = 12) -> None:
    table = document.add_table(len(rows), len(rows[0]), style="Table Grid")
    for row, cells in zip(table.rows, rows, strict=True):
        for place, (cell, text) in enumerate(zip(row.cells, cells, strict=True)):
            if widths:
                cell.width = widths[place]
            _run(cell.paragraphs[0], text, TEXT, size)
