"""Loads single modules of ZnDraw's package, unchanged, without the rest of its server."""

import os

__path__ = [os.path.join(os.environ["ZNDRAW_CHECKOUT"], "src", "zndraw_joblib")]
