"""The command `garrison`, and `python -m garrison`."""

import sys


def main() -> None:
    """Run the command line. The version is told without loading it: scripts ask for it often."""
    if sys.argv[1:] == ["--version"]:
        from garrison import __version__

        sys.stdout.write(f"garrison, version {__version__}\n")
        return
    from garrison.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
