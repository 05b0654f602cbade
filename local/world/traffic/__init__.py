"""Simulated users: requests in aggregate, following the load balancers' rules."""
