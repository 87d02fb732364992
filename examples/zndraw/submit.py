"""Submits a task for Rotate and prints its outcome."""

import os
import sys

from joblib_api import JoblibApi
from rotate import ROOM, URL, Rotate
from zndraw_joblib.client import JobManager

api = JoblibApi(URL, os.environ.get("JOBLIB_TOKEN"))
task_id = JobManager(api).submit(Rotate(angle=float(sys.argv[1])), room=ROOM, job_room=ROOM)
headers = {**api.get_headers(), "Prefer": "wait=30"}
response = api.http.get(f"{api.base_url}/v1/joblib/tasks/{task_id}", headers=headers, timeout=40)
api.raise_for_status(response)
print(task_id, response.json()["status"], response.json()["error"] or "")
