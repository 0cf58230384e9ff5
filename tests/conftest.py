"""What every test shares: how hypothesis runs, and what the garbage collector looks at."""

import gc

from hypothesis import settings

# The same examples in every run, and no deadline: a slow machine is no failure.
settings.register_profile("nspkit", derandomize=True, deadline=None)
settings.load_profile("nspkit")


def pytest_collection_finish() -> None:
    """What was collected stays to the end: each pass over it would hold up what waits for real bytes on real time."""
    gc.collect()
    gc.freeze()
