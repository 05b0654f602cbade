"""The embedded local cloud: the real template, state machines and handlers on one machine.

Nothing in the product imports this package; only tests and its own start do.
"""
