"""Loads ZnDraw's APIManager, unchanged, without the rest of its client."""

import os

__path__ = [os.path.join(os.environ["ZNDRAW_CHECKOUT"], "src", "zndraw", "client")]
