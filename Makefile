# make demo   derive, generate, check and train a network that reads digits
# make test   the test suite
# Everything else is listed by `make help`. Nothing needs to be installed beforehand but
# Python 3.11 or newer and make; name another interpreter with `make test PYTHON=python3.12`.

PYTHON ?= python3
# A .venv that somebody else has made is left alone.
ifndef VENV
VENV := $(if $(wildcard .venv/.made),.venv,$(if $(wildcard .venv),.venv-make,.venv))
endif
PYTEST_FLAGS ?=
BENCH_FLAGS ?=
# One BLAS thread a process: the tests' processes already occupy the cores.
TEST_ENV := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

bin := $(VENV)/bin
pip := $(bin)/python -m pip --disable-pip-version-check install -q
demo := build/demo
# The PDF of the slides is made where there is TeX to make it with.
demo_pdf := $(if $(shell command -v pdflatex),--pdf)
examples := $(sort $(wildcard examples/*.toml))

.PHONY: help demo test lint regenerate bench clean
.DELETE_ON_ERROR:

help:
	@echo "make demo        derivation, slides, module and training of examples/digits.toml, in $(demo)/,"
	@echo "                 and a trained classifier with its report and its verdict"
	@echo "make test        the test suite (PYTEST_FLAGS='-k name' selects)"
	@echo "make lint        ruff and mypy"
	@echo "make regenerate  write generated/*.py again from examples/*.toml"
	@echo "make bench       benchmarks; writes benchmarks/results/ (BENCH_FLAGS=--quick: a few minutes)"
	@echo "make clean       remove $(VENV)/, build/ and the caches"

# One BLAS thread: the matrices are small, and two threads on busy cores can be ten times slower.
demo: $(VENV)/.ready-train
	@mkdir -p $(demo)
	$(bin)/python -m gradscribe derive examples/digits.toml --format text -o $(demo)/derivation.txt
	$(bin)/python -m gradscribe derive examples/digits.toml --format beamer -o $(demo)/lecture.tex $(demo_pdf)
	$(bin)/python -m gradscribe generate examples/digits.toml -o $(demo)/digits.py
	$(bin)/python -m gradscribe check $(demo)/digits.py
	OPENBLAS_NUM_THREADS=1 $(bin)/python examples/train_digits.py $(demo)/digits.py
	@rm -rf $(demo)/run
	$(bin)/python -m gradscribe train "?-32-? tanh,softmax loss=cross_entropy l2=0.0003" \
	    examples/data/digits.csv.gz --scale minmax --starts 1 --iterations 300 -o $(demo)/run

# Neighbouring tests share what they make, so each process begins with a run of them.
test: $(VENV)/.ready-test build/.tex
	$(TEST_ENV) $(bin)/python -m pytest -n auto --dist worksteal $(PYTEST_FLAGS)

lint: $(VENV)/.ready-lint
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy

regenerate: $(VENV)/.ready
	@mkdir -p generated
	@set -e; for toml in $(examples); do \
	    name=$$(basename $$toml .toml); \
	    $(bin)/python -m gradscribe generate $$toml -o generated/$$name.py; \
	done

bench: $(VENV)/.ready-bench
	@mkdir -p benchmarks/results
	$(bin)/python benchmarks/compare.py --threads 2 $(BENCH_FLAGS) -o benchmarks/results
	$(bin)/python benchmarks/passes.py --threads 2 $(BENCH_FLAGS) -o benchmarks/results/passes.md
	$(bin)/python benchmarks/generation.py -o benchmarks/results/generation.md
	$(bin)/python benchmarks/stability.py -o benchmarks/results/stability.md
	OPENBLAS_NUM_THREADS=1 $(bin)/python benchmarks/race.py -o benchmarks/results

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# TeX, for the tests of slides: installed where that is possible, else the tests that need it fail,
# or are left out with GRADSCRIBE_WITHOUT_TEX=1. It is looked for again as long as it is missing.
tex_packages := texlive-latex-recommended texlive-pictures lmodern poppler-utils
have_tex := command -v pdflatex >/dev/null && command -v pdftotext >/dev/null && \
    kpsewhich beamer.cls tikz.sty lmodern.sty mathtools.sty >/dev/null

build/.tex:
	@mkdir -p build
	@if $(have_tex); then touch $@; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing TeX (once): $(tex_packages)"; \
	    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq \
	        --no-install-recommends $(tex_packages); } >build/tex.log 2>&1 || true; \
	fi
	@if $(have_tex); then touch $@; else \
	    echo "##########################################################################" >&2; \
	    echo "# There is no TeX here, and it could not be installed. Slides are NOT tested" >&2; \
	    echo "# without it. On Debian or Ubuntu, as root:" >&2; \
	    echo "#   apt-get install $(tex_packages)" >&2; \
	    echo "# GRADSCRIBE_WITHOUT_TEX=1 make test leaves these tests out; else they fail." >&2; \
	    echo "##########################################################################" >&2; fi

# The environment, and what is installed into it: again whenever pyproject.toml changes.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "gradscribe needs Python 3.11 or newer, and '$(PYTHON)' is:" >&2; \
	    $(PYTHON) --version >&2 || true; \
	    echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Making $(VENV)/ (once)"
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.ready: pyproject.toml | $(VENV)/.made
	@echo "Installing gradscribe into $(VENV)/"
	@$(pip) -e .
	@touch $@

$(VENV)/.ready-%: pyproject.toml | $(VENV)/.made
	@echo "Installing gradscribe and what '$*' needs into $(VENV)/"
	@$(pip) -e '.[$*]'
	@touch $@
