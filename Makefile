# make serve   install into .venv, start the page, open the browser
# make test    install what the tests need, lint, run every test
# make soak    every promise of what survives and who is refused, tried thousands of times (hours);
#              ARGS="--ci --out FILE" for the short form, written down
# make proof   every rule: its loss, gradients and four factors, each against a second derivation
# HOST=ADDRESS behind `make` counts, the variable of the shell does not: it is often a computer's name.
HOST = 127.0.0.1
PORT ?= 8000

.PHONY: serve test proof soak bench lint format screenshots demo clean

serve: .venv/ready-to-serve
	@.venv/bin/saccade serve --host $(HOST) --port $(PORT) $(ARGS)

test: .venv/ready-to-test
	@.ci/check

proof: .venv/ready-to-test
	@.venv/bin/python -m tests.proof.table

soak: .venv/ready-to-test
	@.venv/bin/python -m tests.soak $(ARGS)

bench: .venv/ready-to-test
	@.venv/bin/python -m benchmarks $(ARGS)

lint: .venv/ready-to-test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

format: .venv/ready-to-test
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# The browser tests leave their pictures in screenshots/; one of them is the README's.
screenshots: .venv/ready-to-test
	@.ci/check browser
	@mkdir -p docs
	cp screenshots/map-light-1440.png docs/screenshot.png

# Trains the run that ships anew, in an hour, and puts its small copy in place; its card, README.md
# there, goes and is to be written anew.
demo: .venv/ready-to-serve
	rm -rf build/demo
	.venv/bin/saccade train --home build/demo --name "CLAPP demo" --preset photos
	rm -rf models/pretrained/clapp-photos
	.venv/bin/saccade export --home build/demo $$(ls build/demo/runs) --share models/pretrained/clapp-photos

# Runs and downloaded data in .saccade stay.
clean:
	rm -rf .venv .pytest_cache .ruff_cache build dist *.egg-info frontend/node_modules screenshots
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready-to-serve: pyproject.toml constraints.txt
	@.ci/venv
	@touch $@

.venv/ready-to-test: pyproject.toml constraints.txt
	@.ci/venv test
	@touch $@ .venv/ready-to-serve
