"""`python -m splitbrain` is `splitbrain`."""

from splitbrain.cli import main

if __name__ == "__main__":
    main()
