"""Simulated traffic for the judge's benchmark: families of noise, declared before any tuning."""
