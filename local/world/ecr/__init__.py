"""Amazon ECR made live: digests, push events, scans, archived images."""
