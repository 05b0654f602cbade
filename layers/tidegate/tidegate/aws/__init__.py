"""One adapter per port; the only home of boto3."""
