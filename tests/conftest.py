"""What every test may take for granted, whoever started the tests."""

import signal

# A shell that starts something in the background has it ignore Ctrl-C, and so would all that tests start in turn.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
