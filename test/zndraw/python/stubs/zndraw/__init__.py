"""Loads single modules of ZnDraw's package, unchanged, without its dependencies for drawing."""

import os

# This folder comes first, so its `client` replaces ZnDraw's `client` package, which imports everything.
__path__ = [*__path__, os.path.join(os.environ["ZNDRAW_CHECKOUT"], "src", "zndraw")]
