"""Forecasts held against simulated sites that really run dry."""
