"""Reading what lies elsewhere: files, objects in buckets, and what web servers offer."""
