"""Scenario files: one story that drives simulated plants, buses, radio and kits at the times it says."""
