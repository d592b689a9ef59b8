"""The S3 gateway: repos as buckets, branches and paths as keys."""
