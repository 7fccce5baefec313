"""The shell: ``jupyter flowauth …``."""
