# make run              trains a small language model with LoQT and again with frozen linear layers,
#                       and compares the two (about ten minutes on two cores)
# make run TEXT=file    the same on your own text
# make test             builds and runs all tests; the build checks what each module imports
# make bench            times this package beside its rivals, and compares with the stored table for the
#                       processor; CASES=pattern selects, JSON=file writes, KEEP=1 stores the ratios
# make headline         trains 7B and 13B models for some steps, and compares memory and time with
#                       targets; takes hours, continues where it stopped, ONLY=7b selects runs by name
# make lint             checks the format of the sources
# make cross-check-tokenizers  compares token ids with other programs on whole corpora: installs them
#                       into .build/cross-check and takes some minutes
# make cross-check-models  compares models with other programs that run them: installs these and two
#                       published models into .build/cross-check; needs Python 3.11, takes half an hour
# make cross-check-runs  compares the event files of a run with the tensorboard package, and kills a run 300
#                       times; takes some minutes
# make docs             writes the documentation as a web site to .build/documentation, and checks it

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.PHONY: run test bench headline lint docs libraries cross-check-tokenizers cross-check-models \
	cross-check-runs

CORPUS := runs/king-james.txt
TEXT ?=
CASES ?=
JSON ?=
KEEP ?=
ONLY ?=
STEPS ?= 700
# The highest validation perplexity that LoQT may reach on the corpus, as a share of the frozen
# model's. There is no target for other texts.
TARGET := $(if $(TEXT),inf,0.8)

LOQT := .build/release/loqt
PRETRAIN = $(LOQT) pretrain --preset 9m --text "$(or $(TEXT),$(CORPUS))" --steps $(STEPS)
# Shows progress only on a terminal.
BUILD = swift build -c release $$(test -t 1 || echo --quiet)

# install HINT PACKAGE... : installs Debian packages, or prints why it cannot, with a hint.
define INSTALL
install() {
  local sudo="" hint="$$1"; shift
  if [ "$$(id -u)" != 0 ]; then sudo=sudo; fi
  if ! command -v apt-get > /dev/null; then
    echo "$$* cannot be installed: there is no apt-get here. $$hint" >&2; exit 1
  fi
  if [ -n "$$sudo" ] && ! command -v sudo > /dev/null; then
    echo "$$* cannot be installed: you are not root and there is no sudo. $$hint" >&2; exit 1
  fi
  echo "Installing $$*."
  local log; log=$$(mktemp)
  if ! { $$sudo apt-get update && $$sudo env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y --no-install-recommends "$$@"; } > "$$log" 2>&1; then
    tail -n 5 "$$log" >&2; rm "$$log"
    echo "$$* could not be installed. $$hint" >&2; exit 1
  fi
  rm "$$log"
}
endef

run: libraries $(if $(TEXT),,$(CORPUS))
	@echo "Building, which takes two to three minutes the first time."
	$(BUILD) --product loqt
	mkdir -p runs
	for method in loqt frozen; do
	  case $$method in
	    loqt) echo; echo "LoQT: 4-bit matrices that learn by merged low-rank updates" ;;
	    frozen) echo; echo "The same run with its linear layers frozen at their random initial values" ;;
	  esac
	  $(PRETRAIN) --method $$method --output runs/$$method --overwrite --summary runs/$$method.json
	done
	perplexity() { sed -n 's/.*"validation_perplexity": *\([^,]*\).*/\1/p' "runs/$$1.json"; }
	awk -v loqt="$$(perplexity loqt)" -v frozen="$$(perplexity frozen)" -v target=$(TARGET) 'BEGIN {
	  loqt += 0; frozen += 0; ratio = frozen > 0 ? loqt / frozen : 0
	  passed = ratio > 0 && (target == "inf" || ratio <= target)
	  printf "\nValidation perplexity\n  LoQT    %8.2f\n  frozen  %8.2f\n", loqt, frozen
	  printf "  ratio   %8.3f%s\n", ratio,
	    target == "inf" ? "" : ", target at most " target (passed ? ": reached" : ": missed")
	  exit !passed
	}'

# Hides passing tests. The last line is the runner's summary of the package's own tests.
test: libraries
	@echo "Building the tests, which takes some minutes the first time."
	trap 'echo "Ran on:"; .build/release/loqt doctor --no-measure 2> /dev/null | sed -n 1,6p' EXIT
	for package in Examples .; do
	  scratch=.build; [ $$package = . ] || scratch=.build/consumer
	  swift test -c release --package-path $$package --scratch-path $$scratch --disable-xctest \
	    --explicit-target-dependency-import-check error 2>&1 |
	    awk '/^(\[[0-9]+\/[0-9]+\]|Build complete|Building for|↳ T)/ || / started\.$$/ { next }
	      /^(◇|✔) / && !/ Test run with/ { next }
	      { print; fflush() }'
	done

bench: libraries
	@swift run -c release --package-path Benchmarks --scratch-path .build/benchmarks \
	  $$(test -t 1 || echo --quiet) Benchmarks $(CASES) $(if $(JSON),--json=$(JSON)) $(if $(KEEP),--keep)

headline: libraries $(if $(TEXT),,$(CORPUS))
	@$(BUILD) --product loqt
	$(LOQT) headline --text "$(or $(TEXT),$(CORPUS))" $(if $(ONLY),--only $(ONLY))

cross-check-tokenizers: libraries
	@$(INSTALL)
	install "The corpora come from these packages." bible-kjv wordnet-base diatheke \
	  sword-text-sparv r-cran-janeaustenr dict-gcide
	folder=$$PWD/.build/cross-check
	[ -x $$folder/venv/bin/python ] || python3 -m venv $$folder/venv
	$$folder/venv/bin/pip install --quiet -r Tests/CrossChecks/requirements.txt
	$$folder/venv/bin/pip install --quiet --no-deps -r Tests/CrossChecks/requirements-alone.txt
	$$folder/venv/bin/python Tests/CrossChecks/tokenizer_ids.py $$folder/tokenizers
	TOKENIZER_CROSS_CHECK=$$folder/tokenizers swift test -c release --scratch-path .build \
	  --disable-xctest --explicit-target-dependency-import-check error \
	  --filter TokenizationTests.CrossCheckTests 2>&1 | grep -E 'lines,|Test run|error:'

cross-check-models: libraries
	@$(INSTALL)
	install "The text comes from this package." bible-kjv
	folder=$$PWD/.build/cross-check
	[ -x $$folder/venv-models/bin/python ] || python3.11 -m venv $$folder/venv-models
	$$folder/venv-models/bin/pip install --quiet -r Tests/CrossChecks/requirements-models.txt
	for script in Tests/CrossChecks/models_*.py; do
	  $$folder/venv-models/bin/python $$script $$folder/models
	done

cross-check-runs: libraries $(if $(TEXT),,$(CORPUS))
	@folder=$$PWD/.build/cross-check
	[ -x $$folder/venv-runs/bin/python ] || python3 -m venv $$folder/venv-runs
	$$folder/venv-runs/bin/pip install --quiet -r Tests/CrossChecks/requirements-runs.txt
	$(BUILD) --product loqt
	rm -rf $$folder/run
	$(PRETRAIN) --steps 20 --batch 2 --output $$folder/run > /dev/null
	$(LOQT) resume $$folder/run --steps 40 > /dev/null
	$$folder/venv-runs/bin/python Tests/CrossChecks/tensorboard_events.py $$folder/run
	LOQT_KILLS=300 swift test -c release --scratch-path .build --disable-xctest \
	  --filter RunCommandTests/kills 2>&1 | grep -E 'kills,|Test run|error:'

lint:
	@swift format lint --strict -r Package.swift Sources Tests Benchmarks/Package.swift \
	  Benchmarks/Sources Examples

# The symbols of every library and the articles of Docs.docc; warnings are errors. To read it, run
# python3 -m http.server --directory .build/documentation
docs: libraries
	@build="swift build --scratch-path .build/docs $$(test -t 1 || echo --quiet)"
	$$build
	bin=$$($$build --show-bin-path)
	target=$$(swift -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)".*/\1/p')
	graphs=.build/docs/graphs
	rm -rf $$graphs .build/documentation; mkdir -p $$graphs
	for library in $$(sed -n '/^let libraries/,/^]/p' Package.swift | grep -o '[A-Za-z]*"' | tr -d '"'); do
	  swift symbolgraph-extract -module-name $$library -target $$target -I $$bin/Modules \
	    -I Sources/COpenBLAS -Xcc -fmodule-map-file=$$bin/CKernels.build/module.modulemap \
	    -minimum-access-level public -skip-synthesized-members -output-dir $$graphs
	done
	docc convert Docs.docc --additional-symbol-graph-dir $$graphs --warnings-as-errors \
	  --transform-for-static-hosting --output-dir .build/documentation
	.ci/check-docs

# Checks for Swift, OpenBLAS and LAPACKE; installs the libraries if a test program does not compile.
libraries:
	@$(INSTALL)
	if ! command -v swift > /dev/null; then
	  echo "Swift 6.2 or later is needed: see https://www.swift.org/install." >&2; exit 1
	fi
	compiles() {
	  local flags; flags=$$(pkg-config --cflags openblas lapacke 2> /dev/null || true)
	  printf '%s\n' '#include <cblas.h>' '#include <lapacke.h>' \
	    'int main(void) { return openblas_get_parallel() + LAPACKE_get_nancheck(); }' |
	    "$$(command -v clang || echo cc)" -x c $$flags - -lopenblas -llapacke -o /dev/null
	}
	if ! compiles 2> /dev/null; then
	  install "Install OpenBLAS and LAPACKE with their headers, then try again." \
	    pkg-config libopenblas-dev libopenblas-pthread-dev liblapacke-dev
	fi

# The King James Bible as bible-kjv prints it, one verse per line, without references.
$(CORPUS):
	@$(INSTALL)
	if ! command -v bible > /dev/null; then
	  install "Train on your own text instead: make run TEXT=file." bible-kjv
	fi
	mkdir -p $(@D)
	bible -f 'gen1:1-rev22:21' | sed 's/^[^ ]* //' > $@
