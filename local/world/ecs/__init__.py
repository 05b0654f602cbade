"""Amazon ECS made live: services that roll, tasks that start, stop and fail."""
