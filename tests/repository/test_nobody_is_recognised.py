"""Models find persons and faces; nobody is recognised, anywhere (design §5.4: no face recognition)."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]

RECOGNISING = re.compile(
    r"FaceRecognizer|face_recognition|FaceNet|ArcFace|SFace|insightface|deepface|dlib|face_?embedding|face_?descriptor"
    r"|re_?identif|person_?re_?id",
    re.IGNORECASE,
)
"""What libraries call telling one person from another."""
MODEL_CALLS = re.compile(r"InferenceSession\(|FaceDetectorYN|compile_model\(|readNet\w*\(|load_model\(")
MAY_RUN_MODELS = {"collectors/video/persons.py", "collectors/video/faces.py"}
"""The only files that run a model: one finds persons, the other faces, to blur them."""


def sources():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py", "*.toml", "*.txt"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    names = [name for name in listed.split("\0") if name and not name.startswith("tests/")]
    return {name: (ROOT / name).read_text("utf-8") for name in names if (ROOT / name).is_file()}


def test_nothing_tells_one_person_from_another():
    assert [name for name, text in sources().items() if RECOGNISING.search(text)] == []


def test_models_are_run_by_detectors_only():
    assert {name for name, text in sources().items() if MODEL_CALLS.search(text)} <= MAY_RUN_MODELS
