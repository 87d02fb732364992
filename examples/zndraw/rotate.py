"""Runs a worker for the extension Rotate. Set JOBLIB_URL, JOBLIB_TOKEN and JOBLIB_ROOM to configure it."""

import os
from typing import Any, ClassVar

from joblib_api import JoblibApi
from pydantic import Field
from zndraw_joblib.client import Category, ClaimedTask, Extension, JobManager

URL = os.environ.get("JOBLIB_URL", "http://127.0.0.1:7800")
ROOM = os.environ.get("JOBLIB_ROOM", "lab")


class Rotate(Extension):
    """Rotate the atoms about the z axis."""

    category: ClassVar[Category] = Category.MODIFIER
    angle: float = Field(90, ge=-360, le=360, description="degrees")

    def run(self, vis: Any, **kwargs: Any) -> None:
        print(f"{kwargs['model']} rotates by {self.angle} degrees", flush=True)


def execute(task: ClaimedTask) -> None:
    # For an extension that draws, pass `ZnDraw(url=…, room=task.room_id)` of your ZnDraw server instead of None.
    task.extension.run(None, **task.run_kwargs)


if __name__ == "__main__":
    api = JoblibApi(URL, os.environ.get("JOBLIB_TOKEN"))
    with JobManager(api, execute=execute, polling_interval=0.1) as jobs:
        jobs.register(Rotate, room=ROOM, run_kwargs={"model": "a model loaded once"})
        print("listening in", ROOM, flush=True)
        jobs.wait()
