#!/usr/bin/env python3
"""Check a case package of Mingcha offline (案件包核验): `python3 verify.py [FOLDER] [--public-key HEX]`.

Needs Python 3.9 and nothing else, and no network. It lies in every package; FOLDER is the unpacked package, the folder
of this file by default. It tells what is proved and what is not, and ends with 0 only if nothing is wrong.

What it proves: every original is the one that was entered; every entry says what was entered, and stands at its place
in a chain that ends in a head signed by the public key. With --public-key whatever no signed head covers is a failure.
Documents and blurred copies are what the manifest names, and nobody signed the manifest. That the key is the
installation's own is for you to know: ask the auditor for it and give it by --public-key.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# --- Ed25519 (RFC 8032 5.1.7) by the standard library alone ----------------------------------------------------------

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def add(one: Point, two: Point) -> Point:
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * D % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(factor: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            total = add(total, point)
        point = add(point, point)
        factor >>= 1
    return total


def point_of(text: bytes) -> Point:
    """ValueError for bytes that are no point of the curve."""
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if len(text) != 32 or y >= P:
        raise ValueError("no point")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        raise ValueError("no point")
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is one of this key over the message."""
    try:
        key, r, s = point_of(public_key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    except ValueError:
        return False
    if len(signature) != 64 or s >= Q:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % Q
    left, right = times(s, BASE), add(r, times(k, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- the package -----------------------------------------------------------------------------------------------------

Said = Iterator[tuple[str, str]]
"""(state, words): OK, FAIL, or NOTE for what is true and no fault."""


def canonical(document: Any) -> bytes:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def leaf_of(entry: dict[str, Any]) -> str:
    told = {name: entry[name] for name in ("number", "kind", "subject", "digest", "by", "at")}
    return hashlib.sha256(canonical(told)).hexdigest()


def check(folder: Path, public_key: str = "") -> Said:
    """Everything that can be checked without the installation."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    chain = json.loads((folder / "chain.json").read_text("utf-8"))
    reach = chain["head"]["count"] if chain["head"] else 0
    yield from check_names(folder, manifest)
    yield from check_files(folder, manifest, {entry["subject"]: entry for entry in chain["entries"]}, reach)
    yield from check_entries(chain["entries"])
    yield from check_chain(chain, (folder / "leaves.txt").read_text("ascii").split(), public_key)
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    packed = f"that the package is as it was packed: its manifest.json has SHA-256 {digest}"
    yield "NOTE", f"{packed}; the installation's audit trail, not this program, knows the one it handed over"


def check_names(folder: Path, manifest: dict[str, Any]) -> Said:
    """Nothing lies in the package that the manifest does not name."""
    named = {item["path"] for item in manifest["files"]} | {"manifest.json"}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(there - named):
        yield "FAIL", f"{name} lies in the package and is not named in it"


def check_files(folder: Path, manifest: dict[str, Any], entries: dict[str, dict[str, Any]], reach: int) -> Said:
    """`reach` is the number of the last entry that the signed head covers."""
    for item in manifest["files"]:
        path = folder / item["path"]
        if not path.resolve().is_relative_to(folder.resolve()):
            yield "FAIL", f"{item['path']} lies outside the package"
            continue
        if not path.is_file():
            yield "FAIL", f"{item['path']} is missing"
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != item["sha256"]:
            yield "FAIL", f"{item['path']} is not the file that was packed"
        elif "evidence" not in item:
            yield "OK", f"{item['path']} is the file that manifest.json names"
        else:
            yield check_evidence(item, digest, entries.get(f"evidence {item['evidence']}"), reach)


def check_evidence(item: dict[str, Any], digest: str, entry: Any, reach: int) -> tuple[str, str]:
    if entry is None or entry.get("content") is None:
        return "FAIL", f"{item['path']}: no entry of the chain tells of evidence {item['evidence']}"
    original = json.loads(entry["content"])["sha256"]
    if item["blurred"]:
        copy = f"{item['path']} is a blurred copy of evidence {item['evidence']}"
        return "NOTE", f"{copy}; entry {entry['number']} proves the original's SHA-256 {original}, not this copy"
    if digest != original:
        return "FAIL", f"{item['path']} is not the original that entry {entry['number']} tells of"
    words = f"{item['path']} is the original of entry {entry['number']}, byte for byte"
    return ("OK", words) if entry["number"] <= reach else ("NOTE", f"{words}; but no signed head covers that entry")


def check_entries(entries: list[dict[str, Any]]) -> Said:
    for entry in entries:
        named = f"entry {entry['number']} ({entry['kind']}, {entry['subject']})"
        if entry.get("content") is None:
            yield "NOTE", named + ": its content is not here, erased by rule or left out; only its digest is"
            continue
        found = hmac.new(bytes.fromhex(entry["key"]), entry["content"].encode(), hashlib.sha256).hexdigest()
        if found == entry["digest"]:
            yield "OK", named + " says what was entered"
        else:
            yield "FAIL", named + " does not say what was entered"


def check_chain(chain: dict[str, Any], leaves: list[str], public_key: str) -> Said:
    """Each entry stands at its place, and the leaves lead from the first of them to the signed head."""
    first, link = chain["first"], chain["previous"]
    for entry in chain["entries"]:
        place = entry["number"] - first
        if not 0 <= place < len(leaves) or leaves[place] != leaf_of(entry):
            yield "FAIL", f"entry {entry['number']} is not the one at its place in the chain"
    head = chain["head"]
    unproved = "FAIL" if public_key else "NOTE"  # who names the key asks for the proof: without one anybody wrote it
    if head is None:
        yield unproved, "no head was signed when the package was made: its entries are in no signed chain yet"
        return
    if head["count"] < first:
        yield unproved, "the signed head ends before the first of these entries: a later head proves them"
        return
    number = first - 1
    for number, leaf in enumerate(leaves, first):
        link = hashlib.sha256((link + leaf).encode()).hexdigest()
        if number == head["count"]:
            break
    if number != head["count"] or link != head["hash"]:
        yield "FAIL", f"the chain does not lead to the signed head of {head['count']} entries"
        return
    yield "OK", f"the chain leads to the head of {head['count']} entries"
    yield from check_head(head, public_key)
    late = [str(entry["number"]) for entry in chain["entries"] if entry["number"] > head["count"]]
    if late:
        yield unproved, f"entries {', '.join(late)} came after the signed head: a later head proves them"


def check_head(head: dict[str, Any], public_key: str) -> Said:
    told = {name: value for name, value in head.items() if name != "signature"}
    if not signed(bytes.fromhex(head["public_key"]), canonical(told), bytes.fromhex(head["signature"])):
        yield "FAIL", f"the head's signature is not one of key {head['public_key']}"
        return
    yield "OK", f"the head of {head['at']} is signed by key {head['public_key']}"
    if not public_key:
        yield "NOTE", "whether that key is the installation's own this package cannot prove: use --public-key"
    elif public_key.strip().lower() != head["public_key"]:
        yield "FAIL", f"the head is signed by another key than {public_key}"
    else:
        yield "OK", "the key is the one you gave"


def main() -> int:
    parser = argparse.ArgumentParser(description="Check a case package of Mingcha offline.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--public-key", default="", help="the installation's public key, 64 hex digits")
    asked = parser.parse_args()
    failed = 0
    try:
        for state, words in check(asked.folder, asked.public_key):
            failed += state == "FAIL"
            print(f"{state:<4} {words}")  # noqa: T201 (it is a program of its own)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        print(f"FAIL this is no whole package: {type(error).__name__}: {error}")  # noqa: T201
        return 1
    print("FAILED 核验未通过" if failed else "PASSED 核验通过")  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
