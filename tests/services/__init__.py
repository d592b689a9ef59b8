"""Real services that tests run against: an S3 server, PostgreSQL, a Docker engine."""
