"""Where do nodes live? One package per environment, each an implementation of `splitbrain.harness.environment`.

- `sim`    virtual time, one process, deterministic: the seed fixes every byte of the history

An environment is made for one run. Nothing outside its package knows more of it than the protocol.
"""
