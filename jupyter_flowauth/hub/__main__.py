"""``python -m jupyter_flowauth.hub``: the relay as a process, managed by the Hub or run beside it."""

from .app import main

if __name__ == "__main__":
    main()
