"""The HTTP API front: API Gateway's HTTP APIs with Lambda proxy integrations."""
