## make reproduce [PROFILE=smoke|default|full]  train, measure, and write results/PROFILE/report.md and report.html
## make test [PRESET=release]                   build, then run every test
## make plots [PROFILE=...]                     rebuild the report's tables and plots from records alone
## make bench [FILTER=regex]                    run the benchmarks, one JSON file each
## make bench-targets                           the speeds to reach, as ratios in one run (docs/benchmarks.md)
## make build [PRESET=release]                  only build (presets: release dev portable asan-ubsan tsan)
## make install [PREFIX=/usr/local]             install the runner
## make prerequisites                           only the set-up that the others do first (see below)
## make peers                                   the libraries that the suite is compared with, in .venv-peers
## make format, make check, make tidy           rewrite the code's layout; check it and the layers; clang-tidy
## make clean, make distclean                   remove the builds; remove the Python environments too
##
## Set-up comes by itself: system packages through apt-get, Python packages and LibTorch into .venv.
## CMAKE_ARGS=...   further arguments for CMake. An own LibTorch: Torch_DIR=... or CMAKE_ARGS=-DCMAKE_PREFIX_PATH=...
## PYTHON=...       the Python that .venv is made with      JOBS=...  compilers at a time

# What a target needs is a stamp file, so nothing is done twice.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help reproduce test plots bench bench-targets build install prerequisites peers format check tidy clean distclean FORCE

PROFILE ?= default
PRESET ?= release
PREFIX ?= /usr/local
FILTER ?= .
JOBS ?= $(shell nproc)
CLANG_FORMAT ?= clang-format

profiles := smoke default full
presets := release dev portable asan-ubsan tsan
ifeq (,$(filter $(profiles),$(PROFILE)))
  $(error PROFILE=$(PROFILE) is not known; it is one of: $(profiles))
endif
ifeq (,$(filter $(presets),$(PRESET)))
  $(error PRESET=$(PRESET) is not known; it is one of: $(presets))
endif

build_dir := $(if $(filter release,$(PRESET)),build,build-$(PRESET))
python := .venv/bin/python
setup_log := build/setup.log
packages := build/packages.stamp
python_packages := .venv/requirements.stamp
libtorch := .venv/requirements-torch.stamp

# With an own LibTorch the wheel is not installed.
own_torch := $(if $(Torch_DIR),-DTorch_DIR="$(Torch_DIR)")
ifneq (,$(own_torch)$(findstring Torch_DIR,$(CMAKE_ARGS))$(findstring CMAKE_PREFIX_PATH,$(CMAKE_ARGS)))
  libtorch :=
endif

help:
	@sed -n 's/^## \{0,1\}//p' Makefile

reproduce: build $(python_packages)
	@$(python) -m experiments.reproduce --profile $(PROFILE)

test: build $(python_packages)
	@ctest --preset $(PRESET) $(CTEST_ARGS)

plots: $(python_packages)
	@$(python) -m plots.report --profile $(PROFILE)

bench: build $(python_packages)
	@$(python) -m benchmarks.run_all --filter "$(FILTER)"

bench-targets: build peers $(python_packages)
	@$(python) -m benchmarks.speed_targets $(TARGETS)

build: $(build_dir)/configured.stamp
	@ninja -C $(build_dir) -j $(JOBS)

install: build
	@cmake --install $(build_dir) --prefix "$(PREFIX)"

prerequisites: $(packages) $(python_packages) $(libtorch)

peers: .venv-peers/requirements-peers.stamp

# --- set-up

$(packages): tools/system_packages.sh
	@mkdir -p build
	@tools/system_packages.sh $(setup_log)
	@touch $@

.venv/requirements.stamp: requirements.txt tools/python_environment.sh | $(packages)
	@tools/python_environment.sh .venv $< $(setup_log) "Python packages for tests and plots (about 100 MB)"
	@touch $@

.venv/requirements-torch.stamp: requirements-torch.txt tools/python_environment.sh | .venv/requirements.stamp
	@tools/python_environment.sh .venv $< $(setup_log) \
	  "LibTorch (about 200 MB to download for the build without CUDA, 2.5 GB with)"
	@touch $@

.venv-peers/requirements-peers.stamp: requirements-peers.txt tools/python_environment.sh | $(packages)
	@tools/python_environment.sh .venv-peers $< $(setup_log) "Stable-Baselines3 with a PyTorch of its own"
	@touch $@

# --- configuring

# Holds what the configuration depends on beside files, so that another argument or a moved folder configures anew.
export configure_arguments := $(CURDIR) $(own_torch) $(CMAKE_ARGS)
$(build_dir)/configure-arguments: FORCE
	@mkdir -p $(build_dir)
	@cmp -s $@ <<<"$$configure_arguments" || printf '%s\n' "$$configure_arguments" >$@

$(build_dir)/configured.stamp: $(build_dir)/configure-arguments CMakePresets.json $(libtorch) \
                               | $(packages) $(python_packages)
	@echo "setup: configuring $(build_dir) (output: $(build_dir)/configure.log)"
	@rm -f $(build_dir)/CMakeCache.txt
	@cmake --preset $(PRESET) -DPython3_EXECUTABLE="$(CURDIR)/$(python)" $(own_torch) $(CMAKE_ARGS) \
	  >$(build_dir)/configure.log 2>&1 \
	  || { grep -A 6 'CMake Error' $(build_dir)/configure.log >&2 || tail -n 20 $(build_dir)/configure.log >&2; exit 1; }
	@touch $@

# --- the code's own order

sources = git ls-files -co --exclude-standard '*.cpp' '*.hpp' '*.cu' '*.cuh' | sed 's/.*/"&"/'

format:
	@command -v $(CLANG_FORMAT) >/dev/null || { echo "make format: $(CLANG_FORMAT) is missing: apt-get install clang-format" >&2; exit 1; }
	@$(sources) | xargs -r $(CLANG_FORMAT) -i

check:
	@command -v $(CLANG_FORMAT) >/dev/null || { echo "make check: $(CLANG_FORMAT) is missing: apt-get install clang-format" >&2; exit 1; }
	@$(sources) | xargs -r $(CLANG_FORMAT) --dry-run --Werror
	@! command -v shellcheck >/dev/null || shellcheck tools/*.sh experiments/*.sh .ci/run

tidy: build
	@run-clang-tidy -quiet -p $(build_dir)

clean:
	rm -rf build build-*

distclean: clean
	rm -rf .venv .venv-peers
