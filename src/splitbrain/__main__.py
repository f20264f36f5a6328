"""`python -m splitbrain` is `splitbrain`."""

from splitbrain.start import main

if __name__ == "__main__":
    main()
