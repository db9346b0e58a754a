"""The entry point of ``digitsum`` and ``python -m digitsum_cli``."""

from digitsum_cli.cli.signals import exit_on_signals


def main() -> None:
    """Runs ``digitsum``; signals are handled before the slow imports."""
    exit_on_signals()
    from digitsum_cli.cli.main import run

    run()


if __name__ == "__main__":
    main()
