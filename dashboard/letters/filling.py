"""Filling a Word template (模板填充): `{{字段}}` anywhere in it, a table row once per item of a list.

Word cuts a field into several runs as it likes; fields are looked for in the text of a whole paragraph. What is filled
in is never looked at again: a value that looks like a field stays text.
"""

from __future__ import annotations

import copy
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from docx import Document
from docx.document import Document as Word
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from lxml import etree

from dashboard.errors import MingchaError

FIELD = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
NOT_IN_XML = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
NOTHING = "—"
LARGEST = 5 * 2**20
PARTS = re.compile(r"/word/(document|header\d*|footer\d*|footnotes|endnotes)\.xml")
_PLAIN = etree.XMLParser(resolve_entities=False, no_network=True)
ZIP_DAY = (1980, 1, 1, 0, 0, 0)

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Values:
    """What a letter says: single fields, and lists whose items have fields `list.column`."""

    single: Mapping[str, str]
    lists: Mapping[str, Sequence[Row]]
    columns: Mapping[str, tuple[str, ...]]
    """Columns of each list, known also where the list is empty."""

    @property
    def known(self) -> tuple[str, ...]:
        return (*self.single, *(f"{name}.{column}" for name, columns in self.columns.items() for column in columns))


def filled(template: bytes, values: Values, *, name: str, marks: Sequence[str], at: datetime) -> bytes:
    """The template with its fields filled in, the same bytes for the same input.

    `name` is what errors call the template; `marks` are lines that stand in every footer, whatever the template says;
    `at` is the moment that the file calls its own. MingchaError for what is no Word file, a field that is not known
    (named, with the known ones), one that is begun and not ended, and a list outside of a table row.
    """
    document = _opened(template, name)
    for part in _parts(document):
        root = _root(part)
        scopes = _repeat_rows(root, values, name)
        for paragraph in list(root.iter(qn("w:p"))):
            _fill(paragraph, values, scopes.get(paragraph, {}), name)
        if not hasattr(part, "element"):
            part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    _mark(document, marks)
    core = document.core_properties
    core.created = core.modified = at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    core.author = core.last_modified_by = "Mingcha 明察"
    core.comments, core.revision = "", 1
    return _settled(document)


def fields_of(template: bytes, name: str) -> list[str]:
    """The fields of a template in the order in which they stand there, each once."""
    roots = [_root(part) for part in _parts(_opened(template, name))]
    found = [match[1] for root in roots for one in root.iter(qn("w:p")) for match in FIELD.finditer(_text(one))]
    return list(dict.fromkeys(found))


def _opened(template: bytes, name: str) -> Word:
    hint = "Save it in Word as .docx."
    if len(template) > LARGEST:
        raise MingchaError(f"The template {name} is larger than 5 MB.", "Make its pictures smaller.")
    try:
        document = Document(io.BytesIO(template))
        for part in _parts(document):
            _root(part)
    except (KeyError, ValueError, SyntaxError, zipfile.BadZipFile, OSError, AttributeError) as error:
        raise MingchaError(f"The template {name} is no Word file that can be read.", hint) from error
    return document


def _parts(document: Word) -> list[Any]:
    """Everything that carries text: body, headers, footers, notes."""
    found = [part for part in document.part.package.iter_parts() if PARTS.fullmatch(str(part.partname))]
    return sorted(found, key=lambda one: str(one.partname))


def _root(part: Any) -> Any:
    """The XML of a part; of notes, which python-docx leaves as bytes, a tree of our own."""
    return part.element if hasattr(part, "element") else etree.fromstring(part.blob, _PLAIN)


# --- rows of lists ----------------------------------------------------------------------------------------------------


def _repeat_rows(root: Any, values: Values, name: str) -> dict[Any, Row]:
    """Copy each row that names a list once per item; returns paragraph → what its list fields mean."""
    scopes: dict[Any, Row] = {}
    for row in list(root.iter(qn("w:tr"))):
        if row.find(f".//{qn('w:tr')}") is not None:
            continue  # a table within: its own rows are asked
        lists = sorted({match.split(".")[0] for match in _fields(row) if "." in match})
        if not lists:
            continue
        unknown = next((one for one in lists if one not in values.columns), None)
        if unknown is not None:
            bad = next(match for match in _fields(row) if match.startswith(f"{unknown}."))
            raise _unknown(bad, values, name)
        if len(lists) > 1:
            raise MingchaError(f"A table row of {name} names two lists: {', '.join(lists)}.", "Give each its own row.")
        which = lists[0]
        items = values.lists.get(which) or [dict.fromkeys(values.columns[which], NOTHING)]
        scopes |= _copied(row, which, items)
    return scopes


def _copied(row: Any, which: str, items: Sequence[Row]) -> dict[Any, Row]:
    scopes: dict[Any, Row] = {}
    for item in items:
        one = copy.deepcopy(row)
        row.addprevious(one)
        scope = {f"{which}.{column}": value for column, value in item.items()}
        scopes |= dict.fromkeys(one.iter(qn("w:p")), scope)
    row.getparent().remove(row)
    return scopes


def _fields(element: Any) -> list[str]:
    return [match[1] for one in element.iter(qn("w:p")) for match in FIELD.finditer(_text(one))]


# --- fields of a paragraph --------------------------------------------------------------------------------------------


def _pieces(paragraph: Any) -> list[Any]:
    """The text elements of this paragraph and of none that lies in it (a text box)."""
    return [one for one in paragraph.iter(qn("w:t")) if next(one.iterancestors(qn("w:p"))) is paragraph]


def _text(paragraph: Any) -> str:
    return "".join(one.text or "" for one in _pieces(paragraph))


def _fill(paragraph: Any, values: Values, scope: Row, name: str) -> None:
    text = _text(paragraph)
    if "{{" not in text:
        return
    if "{{" in FIELD.sub("", text):
        raise MingchaError(f"In {name} a field is begun and not ended: '{text.strip()[:60]}'.", "Write {{field}}.")
    pieces = _pieces(paragraph)
    for match in reversed(list(FIELD.finditer(text))):
        _put(pieces, match.span(), _value(match[1], values, scope, name))
    for piece in pieces:
        _break_lines(piece)


def _value(field: str, values: Values, scope: Row, name: str) -> str:
    found = scope.get(field, values.single.get(field))
    if found is None:
        if field in values.known:
            raise MingchaError(f"The field {field} of {name} belongs to a list.", "Put it into a table row.")
        raise _unknown(field, values, name)
    return NOT_IN_XML.sub(" ", found) or NOTHING


def _unknown(field: str, values: Values, name: str) -> MingchaError:
    return MingchaError(f"{name} has an unknown field '{field}';", f"known are {', '.join(values.known)}.")


def _put(pieces: Sequence[Any], span: tuple[int, int], value: str) -> None:
    """Write a value where a field began, and take the rest of the field out of the pieces that it ran over."""
    start, end = span
    place = 0
    for piece in pieces:
        text = piece.text or ""
        first, last = max(start - place, 0), min(end - place, len(text))
        if first < last:
            piece.text = text[:first] + (value if place + first == start else "") + text[last:]
            piece.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        place += len(text)


def _break_lines(piece: Any) -> None:
    """Lines of a value as lines of the paragraph."""
    first, *rest = (piece.text or "").split("\n")
    piece.text = first
    after = piece
    for line in rest:
        for tag, text in (("w:br", None), ("w:t", line)):
            element = OxmlElement(tag)
            if text is not None:
                element.text = text
                element.set(qn("xml:space"), "preserve")
            after.addnext(element)
            after = element


# --- the whole file ---------------------------------------------------------------------------------------------------


def _footers(document: Word) -> Iterator[Any]:
    """Every footer that Word may print: of a first page and of even pages too, where there are such."""
    document.element.body.get_or_add_sectPr()  # some programs leave it out, and then there is no footer
    even = document.settings.odd_and_even_pages_header_footer
    for index, section in enumerate(document.sections):
        found = [section.footer]
        if section.different_first_page_header_footer:
            found.append(section.first_page_footer)
        if even:
            found.append(section.even_page_footer)
        yield from (one for one in found if index == 0 or not one.is_linked_to_previous)


def _mark(document: Word, marks: Sequence[str]) -> None:
    for footer in _footers(document):
        for line in marks:
            run = footer.add_paragraph().add_run(NOT_IN_XML.sub(" ", line))
            run.font.name = "宋体"
            run._element.rPr.rFonts.set(qn("w:eastAsia"), "宋体")
            run.font.size = 114_300  # 9 points


def _settled(document: Word) -> bytes:
    """The file with its members in one order and without the moment of writing."""
    raw, settled = io.BytesIO(), io.BytesIO()
    document.save(raw)
    with zipfile.ZipFile(raw) as before, zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as after:
        names = before.namelist()
        for name in sorted(names, key=lambda one: (one != "[Content_Types].xml", one)):
            after.writestr(zipfile.ZipInfo(name, ZIP_DAY), before.read(name), zipfile.ZIP_DEFLATED)
    return settled.getvalue()
