"""Large images beside what a user would pick instead, and beside the limit of the machine.

    make bench            # or: python -m benchmarks.large [--rounds 3] [--full]

Everything is measured in one run on the same cores, the contestants in turn (A B C A B C), each a process of its own whose
clock is outside. The table goes to docs/performance.md.
"""
