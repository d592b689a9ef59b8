"""Mirroring a commit to a folder or a bucket."""
