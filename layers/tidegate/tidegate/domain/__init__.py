"""The pure domain: frozen dataclasses and decisions. Standard library only; no clock, no I/O."""
