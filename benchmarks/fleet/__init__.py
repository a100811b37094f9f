"""A model of a fleet of Tilework hosts: what a thousand of them would do, fed with what one core does here.

python -m benchmarks.fleet.measuring --out benchmarks/fleet/times.json   # unit times, of one core
python -m benchmarks.fleet.real --out benchmarks/fleet/runs.json         # one, two and four worlds on this machine
python -m benchmarks.fleet --out docs/performance-fleet.md               # the model, and the page
"""
