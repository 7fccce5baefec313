"""Measured side by side with ``globus_sdk`` in one run: ``python -m benchmarks``, or ``python -m benchmarks import_time`` for one."""
