"""Tidegate: a serverless control plane from Amazon ECR to Amazon ECS."""
