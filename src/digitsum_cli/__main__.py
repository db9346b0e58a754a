"""``digitsum``, and ``python -m digitsum_cli``."""

from digitsum_cli.cli.signals import leave_on_signals


def main() -> None:
    """The entry point: signals are answered before the libraries are loaded."""
    leave_on_signals()
    from digitsum_cli.cli.main import run

    run()


if __name__ == "__main__":
    main()
