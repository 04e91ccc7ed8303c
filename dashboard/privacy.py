"""Masks of what tells who somebody is (脱敏, domain §7.4): telephone, name, address, customer number, and free text.

A mask is made where a query reads, never on a page. No role sees a customer plainly: whoever may (`rights`) asks for
one field of one record with a reason (`dashboard.actions.unmasking`). The reviewer of the score sheet, who has no
business with customers, sees not even the mask. Who complained of an office is another matter: `dashboard.secrecy`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

from collectors.records import RECORDS
from collectors.redact import without_people
from dashboard.people import Viewer
from dashboard.rights import may

Kind = Literal["phone", "name", "address", "customer", "text"]

PERSONAL: dict[str, Kind] = {
    "phone": "phone", "calling_no": "phone", "contact_phone": "phone", "caller": "phone",
    "customer_name": "name", "contact": "name", "contact_name": "name", "reporter": "name", "complainant": "name",
    "signature": "name",
    "address": "address", "contact_address": "address",
    "customer_no": "customer", "meter_no": "customer",
    "content": "text", "reply": "text", "note": "text", "handling": "text", "free_text": "text", "remark": "text",
    "comment": "text", "reason": "text", "words": "text",
}  # fmt: skip
"""Columns that tell who somebody is, by what stands in them. An office's `name` and `code` are no person's."""

_HEADERS: tuple[tuple[str, Kind], ...] = (
    ("电话", "phone"), ("手机", "phone"), ("主叫", "phone"), ("calling", "phone"), ("phone", "phone"),
    ("户号", "customer"), ("客户编号", "customer"), ("用户编号", "customer"), ("表号", "customer"),
    ("cust_no", "customer"), ("cons_no", "customer"), ("证件", "customer"), ("身份证", "customer"),
    ("地址", "address"), ("住址", "address"), ("address", "address"),
    ("姓名", "name"), ("户名", "name"), ("联系人", "name"), ("客户名称", "name"), ("用户名称", "name"),
    ("用户信息", "name"), ("举报人", "name"), ("投诉人", "name"), ("报修人", "name"), ("签名", "name"),
    ("customer_name", "name"), ("contact", "name"),
)  # fmt: skip
"""Words in the header of a file that say what its cells hold; the first that fits. Any other cell is free text."""

HIDDEN = "****"
_NUMBERS = frozenset(name for record in RECORDS.values() for name in record.key)
"""Columns by which records are called: nobody's personal data by themselves."""
_AREA_CODE = re.compile(r"0(?:10|2\d|[3-9]\d\d)")
_ROAD = re.compile(r"村|社区|街道|大街|大道|路|街|道|巷|弄|胡同|屯|寨")
_DISTRICT = re.compile(r".*(?:[省市县旗州盟镇乡]|(?<!小)区)")
_BETWEEN = "[\\s\\-–—－·._/／*＊()（）\u200b-\u200d\u2060\ufeff]{0,3}"
_COMPACT = r"(?:0[1-9]|1[0-2])[0-3]\d(?:[0-2]\d[0-5]\d[0-5]\d)?"
_DATE = rf"(?<!\d)(?:(?:19|20)\d\d|0000)(?:[-/.]\d{{1,2}}[-/.]\d{{1,2}}|年\d{{1,2}}月\d{{1,2}}日?|{_COMPACT})(?!\d)"
_NUMBER = rf"[+＋]?\d(?:{_BETWEEN}\d){{6,}}[XxＸ]?"
_SPELT = r"[零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]{7,}"
_MAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_HOUSE = r"[\d一二三四五六七八九十]+(?:号楼|栋|幢|单元|室)(?:[\d一二三四五六七八九十]+(?:号楼|层|栋|幢|单元|室|户|号))*"
_DOOR = r"(?<=[路街道巷弄村])\d+(?:[-—]\d+)*号"
_HAN = r"[\u3400-\u9fff\U00020000-\U0003ffff]"
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾"
    "夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_SURNAME = rf"(?:[{_SURNAMES}]|欧阳|司马|上官|诸葛|皇甫|尉迟|公孙|慕容|令狐|夏侯|东方)"
_TITLED = rf"{_SURNAME}{_HAN}{{1,2}}(?=先生|女士|小姐|师傅|同志)"
_ANNOUNCED = "举报人|投诉人|报修人|联系人|客户姓名|用户姓名|姓名|户名|我叫|本人"
_SEPARATED = "申请人|来电人|反映人|经办人|户主|机主|业主|客户|用户"
"""Words that go on in other ways too (客户反映): a name follows them after a colon."""
_NAMED = rf"(?P<said>(?:{_ANNOUNCED})[为是:：\s]{{0,2}}|(?:{_SEPARATED})[:：]\s?)(?P<name>{_HAN}{{2,4}})"
_SURELY = (
    rf"(?P<said>(?:{_ANNOUNCED})[为是:：\s]{{1,2}}|(?:{_SEPARATED})[:：]\s?|(?:{_ANNOUNCED})(?={_SURNAME}))"
    rf"(?P<name>{_HAN}{{2,4}})"
)
"""A name in a person's reason: what is no name must stay readable there."""
_OWNED = (
    r"(?P<owned>(?:户号|客户编号|用户编号|客户号|用户号|电表号|表号|证件号码?|身份证号码?)[为是:：\s]{0,2})"
    r"(?P<owner>[\dA-Za-z]{4,})"
)
_TELLING = re.compile(
    f"(?P<date>{_DATE})|(?P<mail>{_MAIL})|{_OWNED}|(?P<number>{_NUMBER})|(?P<spelt>{_SPELT})|(?P<house>{_HOUSE})|(?P<door>{_DOOR})"
    f"|(?P<titled>{_TITLED})|{_NAMED}"
)
_PERSONS = re.compile(f"(?P<mail>{_MAIL})|{_OWNED}|(?P<titled>{_TITLED})|{_SURELY}")

_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"})
"""Control characters (CR, LF, ESC …), direction marks, line separators: whoever reads a log must not be misled."""


def mask(field: str, value: str | None) -> str | None:
    """The value of a column as anybody may see it; a column that tells nothing of a person is given back as it is."""
    kind = PERSONAL.get(field)
    return value if kind is None else masked(kind, value)


def masked(kind: Kind, value: str | None) -> str | None:
    """138****8000 · 张* · an address down to its village or road · the last four of a customer number · free text."""
    return None if value is None else _MASKS[kind](value)


def shown(viewer: Viewer, field: str, value: str | None) -> str | None:
    """What this viewer sees in a column of a record: its mask, and nothing where the role has no business with it."""
    if PERSONAL.get(field, "text") != "text" and not may(viewer, "see customers masked"):
        return None if value is None else HIDDEN
    return mask(field, value)


def masked_text(text: str) -> str:
    """Free text in which numbers of people are masked, with names that are announced as such, doors and mail boxes.

    Any run of seven and more digits counts, whatever stands between them, in any script's digits, and spelt ones too;
    days are left. A name that nothing announces cannot be found: whoever shows free text says so to nobody else.
    """
    return _TELLING.sub(_covered, text)


def masked_cells(cells: Mapping[str, str | None], *, keep: str | None = None) -> dict[str, str | None]:
    """A row of a file (header → text) by what its headers say; `keep` is a value shown as it is (the row's number)."""
    return {
        header: text if text is None or (keep and text == keep) else _MASKS[kind_of_header(header)](text)
        for header, text in cells.items()
    }


def harmless(text: str) -> str:
    """The text on one line, without control or direction characters; what tells a person in it masked.

    These are telephones, identity cards, mail boxes, numbers of customers and names, where they are announced as such.
    Digests, moments and the numbers of records stay: a line of the trail says by them what it is about.
    """
    return _PERSONS.sub(_covered_person, named(text))


def named(text: str) -> str:
    """The same of a name under which somebody acts: telephones and cards alone are masked, the name is what counts."""
    plain = "".join(" " if unicodedata.category(letter) in _UNSEEN else letter for letter in text)
    return without_people(plain, _phone, HIDDEN).strip()


def masked_value(column: str | None, value: str | None) -> str | None:
    """What stood in a column (canonical or a file's header) of a row that could not be read; record numbers stay."""
    if value is None or column in _NUMBERS:
        return value
    return masked(kind_of_header(column or ""), value)


def kind_of_header(header: str) -> Kind:
    """What the cells below a header, or in a canonical column, hold; free text where nothing says more."""
    plain = unicodedata.normalize("NFKC", header).strip().lower()
    if plain in PERSONAL:
        return PERSONAL[plain]
    return next((kind for word, kind in _HEADERS if word in plain), "text")


def _phone(value: str) -> str:
    digits = _digits(value)
    if HIDDEN in value and len(digits) <= 7:  # a source that masks by itself
        return value
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) - len(prefix) >= 10:
            digits = digits.removeprefix(prefix)
            digits = digits if digits.startswith(("0", "1")) else f"0{digits}"
    if len(digits) == 11 and digits.startswith("1"):
        return f"{digits[:3]}****{digits[-4:]}"
    code = _AREA_CODE.match(digits)
    if code and len(digits) >= 10:
        return f"{code.group()}-****{digits[-2:]}"
    return _end(digits, ((7, 2),))


def _name(value: str) -> str:
    found = value.strip()
    return f"{found[0]}*" if len(found) > 1 else "*" * len(found)


def _address(value: str) -> str:
    plain = value.strip()
    road = _ROAD.search(plain)
    district = None if road else _DISTRICT.match(plain)
    kept = plain[: road.end()] if road else district.group() if district else ""
    rest = "" if kept == plain else "***"
    return re.sub(r"\d", "*", kept) + rest


def _customer(value: str) -> str:
    return _end(value.strip(), ((8, 4), (5, 2)))


def _end(text: str, steps: tuple[tuple[int, int], ...]) -> str:
    """Hidden but for so many of its end as its length allows: (least length, kept), the longest first."""
    kept = next((kept for least, kept in steps if len(text) >= least), 0)
    return HIDDEN + (text[-kept:] if kept else "") if text else text


def _digits(text: str) -> str:
    return "".join(str(unicodedata.digit(letter)) for letter in text if letter.isdecimal())


def _covered(found: re.Match[str]) -> str:
    if found["date"]:
        return found["date"]
    if found["number"]:
        digits = _digits(found["number"])
        identity = len(digits) >= 15  # an identity card: nothing of it
        return HIDDEN if identity else _phone(digits)
    return _covered_person(found)


def _covered_person(found: re.Match[str]) -> str:
    if found["owner"]:
        return found["owned"] + _customer(found["owner"])
    if found["titled"] or found["name"]:
        return (found["said"] or "") + _name(found["titled"] or found["name"])
    return "***"


_MASKS = {"phone": _phone, "name": _name, "address": _address, "customer": _customer, "text": masked_text}
