# `make demo` and `make test` are all that a fresh machine needs.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
MITOS := $(VENV)/bin/mitos
SAMPLE := data/sample
CONFIG := configs/mitos/small/cascade_rcnn_r18_small_sample.py
WORK := work_dirs/demo
# The bundled model; in a checkout without its weights the demo's own.
MODEL := $(if $(wildcard mitos_mmdet/model_zoo/weights/*.json),,--model $(CONFIG) $(WORK))
# bfloat16 halves the demo's training where the CPU computes in it, and slows it elsewhere.
AMP := $(shell grep -qsE 'avx512_bf16|amx_bf16' /proc/cpuinfo && echo --amp)
# One thread a core; a thread that waits for another sleeps, so that a busy machine does not crawl.
export OMP_WAIT_POLICY ?= passive
export OMP_NUM_THREADS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: install demo test test-openmmlab lint docs clean

install: $(VENV)/.installed

$(VENV)/.installed: setup.py
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet -e ".[onedl,cpu,wsi,tests]"
	touch $@

# From contest files to scored frames, then the bundled model. Interrupted, it goes on where it stopped.
demo: install
	@echo "1 of 6: draw the sample"; $(MITOS) make-sample $(SAMPLE)
	@echo "2 of 6: convert its labels"; $(MITOS) convert midog $(SAMPLE) --split csv --out $(SAMPLE)/annotations.json
	@echo "3 of 6: cut training tiles"; $(MITOS) tile $(SAMPLE)/annotations_train.json $(SAMPLE)/images --out $(SAMPLE)/tiles_train --size 192 --overlap 96
	@echo "4 of 6: train a small Cascade R-CNN"; $(MITOS) train $(CONFIG) --work-dir $(WORK) $(AMP) --resume --brief
	@echo "5 of 6: detect and score on frames that it has not seen"
	@$(MITOS) test $(CONFIG) $(WORK) --work-dir $(WORK) --brief --show-dir $(WORK)/pictures --out $(WORK)/detections.json --report $(WORK)/report.html
	@echo "6 of 6: count the mitotic figures of one image, as on images of your own"
	@$(MITOS) detect $(SAMPLE)/images/001.tiff $(MODEL) --out $(WORK)/one_frame
	@echo "Next, on an image or slide of your own: $(MITOS) detect IMAGE --um-per-px 0.25 --out found"

# Two processes, a file of tests each at a time, one thread each; tests/conftest.py puts the longest files first.
WORKERS ?= 2
PYTEST := -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --max-worker-restart 0

test: install
	OMP_NUM_THREADS=1 $(RUN) $(PYTEST)

# What touches mmdet, on the openmmlab line of it, in an environment that borrows torch and the rest from the first.
OPENMMLAB := .venv-openmmlab
test-openmmlab: $(OPENMMLAB)/.installed
	OMP_NUM_THREADS=1 $(OPENMMLAB)/bin/python $(PYTEST) -m "not slow" tests/models tests/datasets/test_mitosis_dataset.py tests/datasets/transforms \
		tests/evaluation tests/test_configs.py tests/compat \
		tests/report/test_report_metric.py tests/tools/test_train.py tests/tools/test_mmdet_tools.py tests/tools/test_mmdet_drop_in.py \
		tests/model_zoo/test_mmdet_inferencer.py tests/model_zoo/test_sahi.py

$(OPENMMLAB)/.installed: $(VENV)/.installed
	$(PYTHON) -m venv $(OPENMMLAB)
	$(OPENMMLAB)/bin/pip install --quiet --no-deps "mmdet==3.3.0" "mmcv-lite==2.1.0" "mmengine==0.10.7"
	$(OPENMMLAB)/bin/python tests/borrow_packages.py $(RUN)
	touch $@

lint: install
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

docs: install
	$(VENV)/bin/pip install --quiet -e ".[docs]"
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --quiet

clean:
	rm -rf $(VENV) $(OPENMMLAB) build *.egg-info work_dirs data/sample
