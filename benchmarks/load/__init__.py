"""How a shared datavc bears many clients at once, and what breaks under them; ``make load``."""
