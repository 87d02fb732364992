"""Loads single modules of ZnDraw's package, unchanged, without its dependencies for drawing."""

import os

# This folder comes first: its `client` replaces the package that imports everything.
__path__ = [*__path__, os.path.join(os.environ["ZNDRAW_CHECKOUT"], "src", "zndraw")]
