"""The Lambda execution environment: a fork server, its workers, and the service in front of them."""
