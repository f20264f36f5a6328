"""`python -m splitbrain`, the same as `splitbrain`."""

from splitbrain.start import main

if __name__ == "__main__":
    main()
