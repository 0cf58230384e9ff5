"""What every test shares: how hypothesis runs."""

from hypothesis import settings

# The same examples in every run, and no deadline: a slow machine is no failure.
settings.register_profile("nspkit", derandomize=True, deadline=None)
settings.load_profile("nspkit")
