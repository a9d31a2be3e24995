"""The disc model for tests of cohorts, also for processes of their own: it can be slow, and it can kill its process."""

import functools
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from disc_model import DiscNetwork, disc_model  # noqa: E402


class FatefulNetwork(DiscNetwork):
    """Waits at every tile, and kills its process once it has seen so many tiles, or as soon as it sees a tile of bright green."""

    def __init__(self, um_per_px, pause_s=0, kill_after=None, kill_on_green=False):
        super().__init__(um_per_px)
        self._pause_s, self._kill_after, self._kill_on_green = pause_s, kill_after, kill_on_green

    def stream(self, tiles, in_flight=None, score_floor=0.0):
        def watched():
            for tile in tiles:
                time.sleep(self._pause_s)
                green = self._kill_on_green and ((tile[..., 1] > 200) & (tile[..., 0] < 60)).any()
                if green or self.tiles == self._kill_after:
                    os.kill(os.getpid(), signal.SIGKILL)
                yield tile
        yield from super().stream(watched(), in_flight, score_floor)


def make_model(sha256='f' * 64, **fate):
    model = disc_model(um_per_px=0.5, tile_size=128, overlap=32)
    model.network, model.sha256 = FatefulNetwork(0.5, **fate), sha256
    return model


def factory(**fate):
    return functools.partial(make_model, **fate)
