"""Large images beside what a user would pick instead, and beside the limit of the machine; folders of photos, too.

Each contestant is a process of its own whose clock is outside.
"""
