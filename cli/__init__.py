"""The command line `tidegate`: a thin client of the state machines, the ledger and the approval page."""
