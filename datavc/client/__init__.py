"""The SDK: one interface over a datavc in this process and one behind HTTP."""
