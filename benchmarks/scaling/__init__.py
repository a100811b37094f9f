"""How the fleet follows the work, simulated with the numbers of the synthesized template.

python -m benchmarks.scaling [--template FILE] [--out docs/scaling.md]
"""
