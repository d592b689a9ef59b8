"""Folders that hold a commit's files, to be changed and committed back."""
