"""How fast datavc is, beside programs that people use for the same work; ``make bench``."""
