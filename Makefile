# `make demo` and `make test` are all that a fresh machine needs.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
SAMPLE := data/sample
CONFIG := configs/mitos/small/cascade_rcnn_r18_small_sample.py
WORK := work_dirs/demo

.PHONY: install demo test test-openmmlab lint clean

install: $(VENV)/.installed

$(VENV)/.installed: setup.py
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -e ".[onedl,cpu,tests]"
	touch $@

# The user's road, from raw contest files to scored frames, as README says.
demo: install
	$(RUN) tools/make_sample.py $(SAMPLE)
	$(RUN) tools/convert_dataset.py midog $(SAMPLE) --split csv --out $(SAMPLE)/annotations.json
	$(RUN) tools/tile_dataset.py $(SAMPLE)/annotations_train.json $(SAMPLE)/images --out $(SAMPLE)/tiles_train --size 256 --overlap 128
	$(RUN) tools/train.py $(CONFIG) --work-dir $(WORK)
	$(RUN) tools/test.py $(CONFIG) $(WORK) --work-dir $(WORK) --show-dir $(WORK)/pictures --out $(WORK)/detections.json

test: install
	$(RUN) -m pytest

# What touches mmdet, on the openmmlab line of it, in an environment that borrows torch and the rest from the first.
OPENMMLAB := .venv-openmmlab
test-openmmlab: $(OPENMMLAB)/.installed
	$(OPENMMLAB)/bin/python -m pytest -m "not slow" tests/models tests/datasets/test_mitosis_dataset.py tests/datasets/transforms \
		tests/evaluation tests/test_configs.py tests/compat \
		tests/report/test_report_metric.py tests/tools/test_train.py tests/tools/test_mmdet_tools.py

$(OPENMMLAB)/.installed: $(VENV)/.installed
	$(PYTHON) -m venv $(OPENMMLAB)
	$(OPENMMLAB)/bin/pip install --quiet --no-deps "mmdet==3.3.0" "mmcv-lite==2.1.0" "mmengine==0.10.7"
	$(OPENMMLAB)/bin/python tests/borrow_packages.py $(RUN)
	touch $@

lint: install
	$(VENV)/bin/ruff check .

clean:
	rm -rf $(VENV) $(OPENMMLAB) build *.egg-info work_dirs data/sample
