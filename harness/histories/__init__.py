"""Histories in and out: `read` takes any file that holds one, `Recorder` writes our own while a test runs.

- `recorder`       the streaming writer of a run
- `read`           the front door for files: which format is it, and what does it hold
- `source`         bytes of a file, plain or compressed, in blocks of whole lines
- `loose`          an event as others record it
- `validate`       decoded events into columns, with the rules that every history must keep
- `lenient`        rules for histories that break these, if the user asks for it
- `jsonl`, `edn` and `edn_atoms`, `elle_json`, `history_text`, `porcupine_log`, `csv_table`   the formats
"""

from splitbrain.harness.histories.read import FORMATS, read
from splitbrain.harness.histories.recorder import Recorder
from splitbrain.harness.histories.source import ReadingStopped

__all__ = ["FORMATS", "ReadingStopped", "Recorder", "read"]
