"""The section being stained: concentrations of haematoxylin and eosin, painted cell by cell on small patches."""

from collections.abc import Iterable, Sequence

import numpy as np

from .noise import Texture, soft_step


class Canvas:
    """Haematoxylin and eosin ``(H, W)`` float32 with tools to paint in um.

    Args:
        haematoxylin, eosin: The tissue the cells are painted on; changed in place.
        um_per_px: Pixel size.
        rng: The frame's generator.
    """

    def __init__(self, haematoxylin: np.ndarray, eosin: np.ndarray, um_per_px: float, rng: np.random.Generator):
        self.haematoxylin, self.eosin, self.um_per_px, self.rng = haematoxylin, eosin, um_per_px, rng
        self.textures = {scale: Texture(rng, scale / um_per_px) for scale in (0.28, 0.5, 0.9, 2.0)}

    def patch(self, x_um: float, y_um: float, radius_um: float, angle: float = 0.0) -> 'Patch | None':
        """The part of the frame within ``radius_um`` of a point, or None where it lies outside.

        Returns:
            Patch: With coordinates ``u``, ``v`` um from the point, ``u`` along ``angle``.
        """
        height, width = self.haematoxylin.shape
        column, row, radius = x_um / self.um_per_px, y_um / self.um_per_px, radius_um / self.um_per_px
        left, right = max(0, int(column - radius)), min(width, int(column + radius) + 1)
        top, bottom = max(0, int(row - radius)), min(height, int(row + radius) + 1)
        if left >= right or top >= bottom:
            return None
        dx = ((np.arange(left, right) + 0.5) * self.um_per_px - x_um).astype(np.float32)[None]
        dy = ((np.arange(top, bottom) + 0.5) * self.um_per_px - y_um).astype(np.float32)[:, None]
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        return Patch(self, (slice(top, bottom), slice(left, right)), dx * cos + dy * sin, -dx * sin + dy * cos)


class Patch:
    """A window of a canvas; ``u``, ``v`` are um from its centre along and across the cell's axis."""

    def __init__(self, canvas: Canvas, window: tuple[slice, slice], u: np.ndarray, v: np.ndarray):
        self.canvas, self.window, self.u, self.v = canvas, window, u, v

    def moved(self, u_um: float, v_um: float) -> 'Patch':
        """The same window with its centre moved by ``(u, v)`` um."""
        return Patch(self.canvas, self.window, self.u - np.float32(u_um), self.v - np.float32(v_um))

    def texture(self, scale_um: float) -> np.ndarray:
        """Noise of one of the canvas's scales, another window at each call."""
        return self.canvas.textures[scale_um].window(self.canvas.rng, self.u.shape)

    def oval(self, semi_u: float, semi_v: float, wobble: float = 0.06) -> np.ndarray:
        """Depth in um below an oval outline with an uneven edge, negative outside."""
        u, v = self.u / semi_u, self.v / semi_v
        radius, theta = np.hypot(u, v), np.arctan2(v, u)
        edge: float | np.ndarray = 1.0
        for order in range(2, 6):
            edge = edge + wobble * 2 / order * self.canvas.rng.normal() * np.cos(order * theta + self.canvas.rng.uniform(0, 6.3))
        return (edge - radius) * min(semi_u, semi_v)

    def blobs(self, points: Iterable[Sequence[float]], merge_um: float = 0.25) -> np.ndarray:
        """Depth in um inside a union of discs that melt together.

        Args:
            points: ``(N, 3)`` of u, v, radius in um.
            merge_um: How far apart two discs feel each other.
        """
        points = np.asarray(points, np.float32).reshape(-1, 3)
        depth = points[:, 2, None, None] - np.hypot(self.u - points[:, 0, None, None], self.v - points[:, 1, None, None])
        top = depth.max(axis=0)
        return top + merge_um * np.log(np.exp((depth - top) / merge_um).sum(axis=0))

    def cover(self, depth: np.ndarray, haematoxylin: float | np.ndarray | None, eosin: float | np.ndarray | None,
              softness_um: float = 0.14) -> None:
        """Replaces what is there by new concentrations where ``depth`` is positive; None leaves a stain as it is."""
        share = soft_step(depth, softness_um)
        for name, new in (('haematoxylin', haematoxylin), ('eosin', eosin)):
            if new is not None:
                old = getattr(self.canvas, name)[self.window]
                old += share * (new - old)

    def scale(self, share: np.ndarray, haematoxylin: float | np.ndarray, eosin: float | np.ndarray) -> None:
        """Multiplies the stains by a factor where ``share`` is 1, leaves them where it is 0."""
        self.canvas.haematoxylin[self.window] *= 1 + share * (haematoxylin - 1)
        self.canvas.eosin[self.window] *= 1 + share * (eosin - 1)

    def add(self, haematoxylin: float | np.ndarray, eosin: float | np.ndarray) -> None:
        """Adds stain."""
        self.canvas.haematoxylin[self.window] += haematoxylin
        self.canvas.eosin[self.window] += eosin
