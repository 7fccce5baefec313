"""The main job in twenty seconds: the animation that README and manual show, taken in a real JupyterLab."""

from __future__ import annotations

import io
import os
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from .conftest import OpenNotebook
from .notebook import LOAD, LOGIN, TRANSFER
from .provider_pages import choose, kept_open, open_popup

ANIMATION = Path(__file__).parents[2] / "docs" / "_static" / "login.webp"
USE = f"""import globus_sdk
[task["label"] for task in globus_sdk.TransferClient(authorizer=auth.authorizers["{TRANSFER}"]).task_list()]"""
SIZE, LARGEST_BYTES, WHOLE_MILLISECONDS = (960, 640), 1_000_000, 20_000


def shoot(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")


def lay_over(below: Image.Image, window: Image.Image) -> Image.Image:
    """Return a picture with a window in front of it, as a person sees both."""
    picture = Image.blend(below, Image.new("RGB", below.size, "black"), 0.35)
    small = window.resize((window.width * 560 // window.height, 560), Image.Resampling.LANCZOS)
    picture.paste(small, ((picture.width - small.width) // 2, (picture.height - small.height) // 2))
    return picture


def test_the_main_job_takes_twenty_seconds_to_show(fresh_page: Page, notebook: OpenNotebook, tmp_path: Path) -> None:
    fresh_page.set_viewport_size({"width": SIZE[0], "height": SIZE[1]})
    work = notebook(LOAD, LOGIN, USE, page=fresh_page)
    fresh_page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    frames: list[tuple[Image.Image, int]] = [(shoot(fresh_page), 2_000)]
    work.start(0)
    work.start(1)
    card = work.expect_card(1)
    frames.append((shoot(fresh_page), 4_000))
    with kept_open(fresh_page):
        popup = open_popup(card)
        popup.set_viewport_size({"width": 560, "height": 640})
        expect(popup.get_by_role("heading", name="Log in")).to_be_visible()
        frames.append((lay_over(frames[-1][0], shoot(popup)), 3_000))
        choose(popup)
        frames.append((lay_over(frames[1][0], shoot(popup)), 4_000))
        popup.get_by_role("button", name="Allow").click()
        expect(popup.get_by_role("heading", name="You are alice@sandbox.example, 2 scopes granted")).to_be_visible()
        frames.append((lay_over(frames[1][0], shoot(popup)), 3_000))
        popup.close()
    work.run(2)
    expect(work.output(2)).to_contain_text("Sandbox")
    frames.append((shoot(fresh_page), 4_000))
    made = tmp_path / "login.webp"
    pictures, durations = zip(*frames, strict=True)
    pictures[0].save(made, save_all=True, append_images=pictures[1:], duration=list(durations), loop=0, quality=80, method=6)
    assert sum(durations) == WHOLE_MILLISECONDS
    assert made.stat().st_size < LARGEST_BYTES
    if os.environ.get("FLOWAUTH_NEW_REFERENCES"):
        ANIMATION.write_bytes(made.read_bytes())
    with Image.open(ANIMATION) as kept:
        assert (kept.size, getattr(kept, "n_frames", 1)) == (SIZE, len(frames)), "FLOWAUTH_NEW_REFERENCES=1 takes it anew"
