"""Keeper: which run folders of a campaign stay when they take more room than they may."""

import os
import shutil
from pathlib import Path

from splitbrain.campaigns.record import CampaignFolder
from splitbrain.campaigns.tasks import RunLine
from splitbrain.results.result import RunStatus

BYTES_DEFAULT = 10 << 30
FIRST_TO_GO = (RunStatus.VALID, RunStatus.INFRASTRUCTURE, RunStatus.UNKNOWN, RunStatus.INVALID)


class Keeper:
    """The keeper of folders up to `most` bytes: valid runs go first, refuted ones last, of each kind the oldest first.
    The newest folder always stays. mode: of KEEPS in `tasks`."""

    def __init__(self, folder: CampaignFolder, mode: str, most: int = BYTES_DEFAULT) -> None:
        self.mode, self._folder, self._most = mode, folder, most
        self._kept: dict[RunStatus, dict[Path, int]] = {status: {} for status in FIRST_TO_GO}
        self._bytes = 0
        self.removed = 0
        """The number of folders that had to go."""

    def add(self, line: RunLine) -> None:
        """Take a run that is over; its folder, if it has one, is there."""
        path = self._folder.folder_of(line)
        if path is None:
            return
        size = folder_size(path)
        self._kept[line.status][path] = size
        self._bytes += size
        for status in FIRST_TO_GO:
            for old in list(self._kept[status]):
                if self._bytes <= self._most:
                    return
                if old != path:
                    self._bytes -= self._kept[status].pop(old)
                    shutil.rmtree(old, ignore_errors=True)
                    self.removed += 1


def folder_size(path: Path) -> int:
    """Bytes of all files in a folder."""
    total = 0
    for place, _, names in os.walk(path):
        total += sum((Path(place) / name).lstat().st_size for name in names)
    return total
