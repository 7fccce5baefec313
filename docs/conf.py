"""The manual: Markdown by MyST, the API from the docstrings, the tables of settings from the traits' own help."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

from jupyter_flowauth import __version__  # noqa: E402 - found by the path above

project = "jupyter_flowauth"
author = copyright = "the jupyter_flowauth developers"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "command_help", "trait_tables"]
exclude_patterns = ["_build", "_ext", "_tools", "examples"]
nitpicky = False

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
# The manual is built where Gladier isn't installed, too.
autodoc_mock_imports = [] if find_spec("gladier") else ["gladier"]
python_use_unqualified_type_names = True
toc_object_entries = False

html_theme = "alabaster"
html_title = "jupyter_flowauth"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_copy_source = False
html_theme_options = {
    "description": "Log in from a notebook",
    "fixed_sidebar": True,
    "page_width": "1080px",
    "show_powered_by": False,
}
