"""The operators' status pages: what they show, how they look, and what of the audit trail they export.

Steps read; nothing here asks the world for anything.
"""
