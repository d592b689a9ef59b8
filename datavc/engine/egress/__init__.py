"""Writing what a job has committed to a bucket or to the tables of a database."""
