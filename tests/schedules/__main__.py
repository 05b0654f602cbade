"""Run many schedules and print what happened in them: `python -m tests.schedules --examples 1000 --seed 1`."""
