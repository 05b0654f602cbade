"""Elastic Load Balancing made live: target health, rules with weights, an HTTP front."""
