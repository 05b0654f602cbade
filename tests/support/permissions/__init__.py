"""Holds what functions, machines and services asked AWS for against the policies that were deployed."""
