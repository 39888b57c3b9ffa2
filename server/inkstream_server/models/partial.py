"""A file that is not whole yet, and beside it what is known of it. Survives its process."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from inkstream_server.models.ranges import Kept


@dataclass(frozen=True, slots=True)
class PartialFile:
    """One download of `url`, kept in `folder` until it is whole. For one writer at a time.

    What is not on the disk for certain is not built upon: an archive whose middle is zeros after a
    power cut might unpack without complaint.
    """

    folder: Path
    name: str
    url: str

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}.part"

    @property
    def _note(self) -> Path:
        return self.folder / f"{self.name}.part.json"

    def kept(self) -> Kept | None:
        """None where nothing is here, or nothing of this address that can be built upon."""
        try:
            tree = json.loads(self._note.read_bytes())
            kept = Kept(int(tree["size_bytes"]), int(tree["total_bytes"]), str(tree["validator"]))
            is_here = tree["url"] == self.url and self.path.stat().st_size >= kept.size_bytes
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return kept if is_here and 0 < kept.size_bytes <= kept.total_bytes else None

    def open(self, start_byte: int) -> IO[bytes]:
        """For writing from there on; what was behind is gone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.path.open("r+b" if start_byte else "wb")
        file.truncate(start_byte)
        file.seek(start_byte)
        return file

    def keep(self, file: IO[bytes], kept: Kept | None) -> None:
        """From now on, so much is built upon. None: nothing ever."""
        if kept is None:
            self._note.unlink(missing_ok=True)
            return
        file.flush()
        os.fsync(file.fileno())
        passing = self._note.with_suffix(".tmp")
        passing.write_text(json.dumps({"url": self.url, **asdict(kept)}), encoding="utf-8")
        passing.replace(self._note)

    def move_to(self, target: Path) -> Path:
        """The whole file leaves this place."""
        self._note.unlink(missing_ok=True)
        return self.path.replace(target)

    def discard(self) -> None:
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
