"""`python -m dashboard.cli`: the `mingcha` command where the console script is not on the path (children of `up`)."""

from dashboard.cli import main

if __name__ == "__main__":
    main()
