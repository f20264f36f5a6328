"""Token: a run in one word. Specification and version, compressed, with a checksum: `sb1-eJyrVk…`.

What a run is given beside its specification (the text of its schedule) stands in it too, so it needs no file.
"""

import base64
import json
import zlib
from dataclasses import dataclass, replace

from splitbrain.harness.errors import UsageError
from splitbrain.runner.spec import RunSpec
from splitbrain.version import __version__

PREFIX = "sb1-"
"""The form of a token, and its version."""
_BYTES_MAX = 64 << 20
_CHECKSUM = 4


@dataclass(frozen=True)
class Token:
    """The content of a token. version: of the splitbrain whose run it is, by whose defaults the rest is understood."""

    spec: RunSpec
    version: str = __version__

    def word(self) -> str:
        """The token itself."""
        plain = {
            declared.name: declared.plain(getattr(self.spec, declared.name))
            for declared in RunSpec.fields()
            if getattr(self.spec, declared.name) != declared.default
        }
        text = json.dumps([self.version, plain], separators=(",", ":"), ensure_ascii=False).encode()
        packed = zlib.compress(text, 9, -15)
        word = base64.urlsafe_b64encode(zlib.crc32(text).to_bytes(_CHECKSUM, "big") + packed).decode()
        return PREFIX + word.rstrip("=")

    @staticmethod
    def read(word: str) -> "Token":
        """The inverse of `word`. UsageError if it is none, or damaged, or of a newer form."""
        if not is_token(word):
            raise UsageError(f"a token begins with {PREFIX}, not {word[:20]!r}")
        try:
            raw = base64.b64decode(word[len(PREFIX) :] + "=" * (-(len(word) - len(PREFIX)) % 4), b"-_", validate=True)
            text = zlib.decompressobj(-15).decompress(raw[_CHECKSUM:], _BYTES_MAX)
            whole = zlib.crc32(text).to_bytes(_CHECKSUM, "big") == raw[:_CHECKSUM]
            version, plain = json.loads(text) if whole else ("", {})
        except (ValueError, zlib.error):
            whole = False
        if not whole:
            raise UsageError("the token is damaged: its checksum is wrong; copy it anew, as a whole")
        if version != __version__:
            raise UsageError(wanted(str(version)))
        return Token(RunSpec.from_plain(plain, "token"), version)


def is_token(word: str) -> bool:
    """Whether a word means to be a token."""
    return word.startswith(PREFIX)


def wanted(version: str) -> str:
    """Advice on a run of another version, in a sentence."""
    return (
        f"this run is one of splitbrain {version}, and here is {__version__}, which may do another: "
        f"repeat it with pip install splitbrain=={version}"
    )


def token_of(spec: RunSpec, schedule: str | None) -> str:
    """The token of a specification as it was asked for. schedule: the text of its schedule."""
    return Token(replace(spec, schedule=schedule)).word()
