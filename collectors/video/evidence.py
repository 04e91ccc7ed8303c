"""Frames kept as evidence (证据帧): the clean picture at full size, its SHA-256, nothing drawn into it."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import cv2

from collectors.video.decode import Picture, VideoError, stills
from collectors.video.findings import Evidence

JPEG_QUALITY = 95


def keep_frames(video: Path, wanted: Sequence[tuple[str, Sequence[float]]], folder: Path) -> list[tuple[Evidence, ...]]:
    """Write the frames at the wanted seconds; one tuple per (item code, seconds), in the same order.

    Each frame is written once even if several findings want it. VideoError if the folder cannot be written.
    """
    pictures = stills(video, [second for _, seconds in wanted for second in seconds])
    kept: dict[float, Evidence] = {}
    for second, picture in sorted(pictures.items()):
        kept[second] = keep_frame(picture, folder, f"{video.stem}-{second:08.2f}s.jpg", second)
    return [tuple(kept[second] for second in dict.fromkeys(seconds) if second in kept) for _, seconds in wanted]


def keep_frame(picture: Picture, folder: Path, name: str, second: float) -> Evidence:
    """Write one BGR picture as JPEG; a reader never sees half of it."""
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
    path = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
    except OSError as error:
        reason = "disk_full" if is_full(error) else "evidence"
        raise VideoError(f"Evidence {path} cannot be written: {error.strerror}.", reason=reason) from error
    return Evidence(str(path), hashlib.sha256(data).hexdigest(), round(second, 2))


def is_full(error: OSError) -> bool:
    """Whether a file could not grow: no room left, or a limit of the file system, of a quota or of the process."""
    return error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there complete or not at all, also after a power cut."""
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
