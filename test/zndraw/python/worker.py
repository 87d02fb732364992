"""Runs ZnDraw's JobManager as a worker: python worker.py URL TOKEN ROOM."""

import logging
import sys

from extensions import Explode, Scale, Sleep
from joblib_api import JoblibApi
from zndraw_joblib.client import JobManager

url, token, room = sys.argv[1:]
logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message)s")

api = JoblibApi(url, token or None, claim_wait=1)
manager = JobManager(
    api,
    execute=lambda task: task.extension.run(None, **task.run_kwargs),
    heartbeat_interval=0.5,
    polling_interval=0.1,
)
with manager as jobs:
    jobs.register(Scale, room=room, run_kwargs={"model": "a loaded model"})
    jobs.register(Explode, room=room)
    jobs.register(Sleep, room=room)
    print("listening as", jobs.worker_id, flush=True)
    jobs.wait()
print("left", flush=True)
