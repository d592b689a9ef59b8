"""Other systems that datavc works with; each is imported where it is used."""
