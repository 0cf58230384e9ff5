# Every command sets up by itself what it needs and is missing; it says what it does.
# ARGS goes through: make demo ARGS="--kits 3", make test ARGS="tests/link -x".
.PHONY: help demo test check soak format lock clean
BIN := .venv/bin
# Most tests wait for real bytes on real time: three files at once fill two cores. PARALLEL= runs one by one.
# In their own order: else the files with few tests, which are the long ones, would all come last.
PARALLEL := -n 3 --dist loadfile --no-loadscope-reorder

help:
	@echo 'make demo     the whole chain, simulated, in your browser (ARGS="--help" lists its options)'
	@echo 'make test     every test (at most 7 minutes)'
	@echo 'make check    lint, layout, types'
	@echo 'make soak     the tests that take minutes to hours'
	@echo 'make format   put the layout of the code right'
	@echo 'make lock     lock the dependencies anew after a change in pyproject.toml'
	@echo 'make clean    remove the environment and everything that is generated'

demo:
	@tools/setup.sh demo
	@$(BIN)/nsp demo $(ARGS)

# They start our programs some hundred times: compiled once, whatever the environment says of byte code.
test soak: export PYTHONDONTWRITEBYTECODE :=

test:
	@tools/setup.sh dev system stubs
	@$(BIN)/pytest $(PARALLEL) $(ARGS)

soak:
	@tools/setup.sh dev system stubs
	@$(BIN)/pytest -m soak --timeout=0 $(ARGS)

check:
	@tools/setup.sh dev stubs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy --config-file tools/mypy-firmware.ini
	$(BIN)/pytest -q tests/test_layers.py tests/test_repo.py

format:
	@tools/setup.sh dev
	$(BIN)/ruff check --fix --select I
	$(BIN)/ruff format

lock:
	@tools/lock.sh $(ARGS)

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find firmware gateway tools tests -name __pycache__ -prune -exec rm -rf {} +
