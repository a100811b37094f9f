"""Side by side with what a user would pick instead, and beside the limit of the machine: ratios from one run on the same cores.

    make bench            # or: python -m benchmarks [--sections files,photos] [--rounds 3] [--full]

Each section is measured in one run, whoever is compared in turn (A B C A B C). What was measured is kept, so that
sections can be measured apart, and docs/performance.md is written out of all of them.
"""
