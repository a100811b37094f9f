"""What Tilework costs: from a synthesized template, AWS's list prices, and what was measured. Pure reckoning.

:mod:`~tilework.bill.deployment` reads what a template holds, :mod:`~tilework.bill.idle` what that costs while nobody
uses it, :mod:`~tilework.bill.work` what photos and large images cost, :mod:`~tilework.bill.month` both together, and
:mod:`~tilework.bill.page` tells it. Prices lie in ``prices.toml``, with their date and sources; what was measured in
``measured.json``, which ``make bench`` writes.
"""
