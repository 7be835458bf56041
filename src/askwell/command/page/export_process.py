"""`askwell export` in a process of its own, which the page's process starts."""

from askwell.command.cli import main

if __name__ == "__main__":
    main()
