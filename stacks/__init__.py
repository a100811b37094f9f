"""The cloud: one construct a file, and one stack that composes them and grants access."""
