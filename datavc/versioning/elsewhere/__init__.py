"""Bringing in what lies elsewhere: as external files, or as copies."""
