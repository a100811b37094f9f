"""The master: a small service that signs uploads, shows jobs, and keeps the books. Processing never depends on it."""
