"""The whole system on one machine: an embedded AWS, the deploy of the cloud's own stack, a master, worker hosts.

``python -m local`` (``make run``) goes through these steps, one module each: the tools (:mod:`local.toolchain`), the
embedded AWS (:mod:`local.emulator`), the stack (:mod:`local.deployment`), what a crash left (:mod:`local.recovery`,
:mod:`local.restore`), the processes (:mod:`local.processes`), the samples (:mod:`local.samples`).
:mod:`local.launcher` puts them together. Nothing here creates a bucket, a queue or a table: the stack does.
"""
