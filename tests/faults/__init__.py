"""The fault matrix: every Task state of every machine, in a story that reaches it, with every fault."""
