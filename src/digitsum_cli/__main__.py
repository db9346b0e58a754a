"""``python -m digitsum_cli``: the same as ``digitsum``."""

from digitsum_cli.cli.main import main

if __name__ == "__main__":
    main()
