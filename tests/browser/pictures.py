"""Pictures that were looked at, kept as references, and compared with what is drawn now."""

from __future__ import annotations

import io
import os
from pathlib import Path

from PIL import Image, ImageChops

REFERENCES = Path(__file__).parent / "references"
# Another version of Chromium draws letters a little differently: single pixels along their edges, and never a whole word.
_MOST_DIFFERENT = 0.02
_SAME_COLOUR = 48
_SAME_SIZE_PIXELS = 4
_COLOURS = 64


def compare(name: str, png: bytes, *, folder: Path = REFERENCES) -> str:
    """Compare a picture with its reference, and return what is wrong; '' if nothing is.

    With FLOWAUTH_NEW_REFERENCES set, a picture that is another one becomes the reference; then look at it.
    """
    path, drawn = folder / f"{name}.png", Image.open(io.BytesIO(png)).convert("RGB")
    wrong = _difference(name, path, drawn)
    if wrong and os.environ.get("FLOWAUTH_NEW_REFERENCES"):
        path.parent.mkdir(exist_ok=True)
        drawn.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        return ""
    return wrong


def _difference(name: str, path: Path, drawn: Image.Image) -> str:
    if not path.exists():
        return f"{name}: there is no reference (FLOWAUTH_NEW_REFERENCES=1 makes one; then look at it)"
    kept = Image.open(path).convert("RGB")
    if any(abs(one - other) > _SAME_SIZE_PIXELS for one, other in zip(kept.size, drawn.size, strict=True)):
        return f"{name}: it was {kept.size} pixels, and is {drawn.size} now"
    share = share_of_difference(kept, drawn)
    return f"{name}: {share:.1%} of it is drawn differently" if share > _MOST_DIFFERENT else ""


def share_of_difference(kept: Image.Image, drawn: Image.Image) -> float:
    """Return which share of the pixels differ by more than a shade."""
    width, height = (min(pair) for pair in zip(kept.size, drawn.size, strict=True))
    box = (0, 0, width, height)
    grey = ImageChops.difference(kept.crop(box), drawn.crop(box)).convert("L")
    return sum(grey.histogram()[_SAME_COLOUR:]) / (width * height)
