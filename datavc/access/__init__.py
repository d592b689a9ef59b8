"""Who may do what: accounts, tokens and roles, the one place that decides, limits and the log."""
