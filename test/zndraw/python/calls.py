"""Makes every call of ZnDraw's client once and prints the outcome of each: python calls.py URL TOKEN ROOM.

Prints one JSON object per step, with `value` or with `error`. The client sends no heartbeats by itself,
only in a step, so that the requests are the same in every run.
"""

import json
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from extensions import Scale
from zndraw.client.api import APIManager
from zndraw_joblib.client import Category, ClaimedTask, Extension, JobManager
from zndraw_joblib.provider import Provider
from zndraw_joblib.schemas import JobResponse, JobSummary, PaginatedResponse, TaskResponse, WorkerSummary

url, token, room = sys.argv[1:]


class Everywhere(Scale):
    """A job of all rooms."""


class Missing(Extension):
    """Is never registered."""

    category: ClassVar[Category] = Category.MODIFIER

    def run(self, vis: Any, **kwargs: Any) -> None: ...


class Files(Provider):
    category: ClassVar[str] = "filesystem"
    path: str = "/"


def changed_scale() -> type[Extension]:
    class Scale(Missing):
        """The same name with another schema."""

    return Scale


def step(name: str, call: Callable[[], Any]) -> Any:
    try:
        value = call()
    except Exception as error:
        print(json.dumps({"step": name, "error": type(error).__name__, "text": str(error)}), flush=True)
        return None
    shown = {"room": value.room_id, **value.extension.model_dump()} if isinstance(value, ClaimedTask) else value
    print(json.dumps({"step": name, "value": shown}, default=str), flush=True)
    return value


def new_manager() -> JobManager:
    return JobManager(api, heartbeat_interval=3600, max_startup_retries=1)


def read(path: str, model: Any, headers: dict[str, str] | None = None, **params: Any) -> Any:
    response = api.http.get(
        f"/v1/joblib{path}", headers={**api.get_headers(), **(headers or {})}, params=params, timeout=30
    )
    api.raise_for_status(response)
    return model.model_validate(response.json()).model_dump(mode="json")


def status_of(task_id: str) -> Any:
    return TaskResponse.model_validate(api.get_task(task_id)).status


def submit(**fields: Any) -> Any:
    return jobs.submit(Scale(**fields), room=room, job_room=room)


api = APIManager(url=url, room_id=room, token=token or None, session_id="a-session")
jobs = new_manager()

# Registering
step("create a worker", jobs.create_worker)
step("register a job", lambda: jobs.register(Scale, room=room, run_kwargs={"model": 1}).__name__)
step("register it again", lambda: jobs.register(Scale, room=room).__name__)
step("register a public job", lambda: jobs.register(Everywhere).__name__)
step("register another schema", lambda: jobs.register(changed_scale(), room=room))
other = new_manager()
step("register without a worker", lambda: other.register(Scale, room=room).__name__)
step("registered jobs", lambda: sorted(jobs))

# Running
step("heartbeat", jobs.heartbeat)
step("claim nothing", jobs.claim)
first = step("submit", lambda: submit(factor=3, values=[1, 2], label="é"))
step("read it pending", lambda: read(f"/tasks/{first}", TaskResponse)["queue_position"])
claimed = step("claim", jobs.claim)
step("start", lambda: jobs.start(claimed))
step("start twice", lambda: jobs.start(claimed))
step("complete", lambda: jobs.complete(claimed))
step("complete twice", lambda: jobs.complete(claimed))
step("fail what is completed", lambda: jobs.fail(claimed, "too late"))
step("read it completed", lambda: status_of(first))

step("submit a public job", lambda: jobs.submit(Everywhere(), room=room))
claimed = step("claim the public job", jobs.claim)
step("complete without a start", lambda: jobs.complete(claimed))
step("start the public job", lambda: jobs.start(claimed))
step("fail", lambda: jobs.fail(claimed, "no more memory"))
step("read the error", lambda: read(f"/tasks/{claimed.task_id}", TaskResponse)["error"])

step("submit one to cancel", submit)
claimed = step("claim one to cancel", jobs.claim)
step("cancel", lambda: jobs.cancel(claimed))
step("start what is cancelled", lambda: jobs.start(claimed))
step("submit one to fail", submit)
claimed = step("claim one to fail", jobs.claim)
step("fail by id", lambda: jobs.fail_by_id(claimed.task_id, "not started"))

# Refusals
step("submit an unknown job", lambda: jobs.submit(Missing(), room=room))
step("submit to another room's job", lambda: jobs.submit(Scale(), room=f"{room}-2", job_room=room))
step("submit a malformed job name", lambda: api.submit_task("Scale", {}))
step("submit a built-in job", lambda: api.submit_task("@internal:modifiers:Delete", {}))
step("submit an invalid payload", lambda: api.submit_task(f"{room}:modifiers:Scale", {"factor": -1}))
step("list the jobs of an impossible room", lambda: api.list_extensions("@internal"))
step("register a provider", lambda: jobs.register_provider(Files, name="local", handler=None))
step("read an unknown task", lambda: api.get_task("01900000-0000-7000-8000-000000000000"))
step("read no task id", lambda: api.get_task("nonsense"))

# Lists
tasks, jobs_page, workers = (PaginatedResponse[item] for item in (TaskResponse, JobSummary, WorkerSummary))
step("list jobs", lambda: len(jobs_page.model_validate(api.list_extensions()).items))
step("list public jobs", lambda: len(jobs_page.model_validate(api.list_extensions("@global")).items))
step("list jobs by pages", lambda: read(f"/rooms/{room}/jobs", jobs_page, limit=1, offset=1)["offset"])
step(
    "describe a job",
    lambda: JobResponse.model_validate(api.get_extension(f"{room}:modifiers:Scale")).schema_
    == Scale.model_json_schema(),
)
step("list tasks", lambda: tasks.model_validate(api.list_tasks()).total)
step("list failed tasks", lambda: tasks.model_validate(api.list_tasks("failed")).total)
step("list tasks by pages", lambda: read(f"/rooms/{room}/tasks", tasks, limit=2, offset=1)["limit"])
step(
    "list a job's tasks",
    lambda: read(f"/rooms/{room}/jobs/{room}:modifiers:Scale/tasks", tasks, status="cancelled")["total"],
)
step("list too many", lambda: read(f"/rooms/{room}/tasks", tasks, limit=501))
step("list a room's workers", lambda: read(f"/rooms/{room}/workers", workers)["total"])
step("list workers", lambda: len(read("/workers", workers)["items"]) >= 2)
step("wait for a task", lambda: read(f"/tasks/{first}", TaskResponse, {"Prefer": "wait=1"})["status"])

# Leaving
gone = step("worker id", lambda: str(other.worker_id))
step("leave", other.disconnect)
step("leave again", other.disconnect)
other._worker_id = gone
step("heartbeat of a worker that left", other.heartbeat)
step("claim of a worker that left", other.claim)
step("register with a worker that left", lambda: other.register(Scale, room=room))
step("last submit", submit)
claimed = step("last claim", jobs.claim)
step("last start", lambda: jobs.start(claimed))
step("leave with a running task", jobs.disconnect)
step("read what it left", lambda: status_of(claimed.task_id))
