"""The server: the verbs of the SDK over HTTP. The only place that speaks HTTP."""
