"""Makes requests through JoblibApi and prints the outcome of each: python api_calls.py URL TOKEN ROOM."""

import json
import sys

from joblib_api import JoblibApi

url, token, room = sys.argv[1:]


def call(api: JoblibApi, method: str, path: str, body: object = None) -> None:
    response = api.http.request(method, f"{api.base_url}/v1/joblib{path}", headers=api.get_headers(), json=body)
    try:
        api.raise_for_status(response)
    except Exception as error:
        print(json.dumps([type(error).__name__, error.args[0]]))
    else:
        print(json.dumps([response.status_code, response.headers.get("preference-applied")]))


api = JoblibApi(f"{url}/", token, claim_wait=1)
job = {"category": "modifiers", "name": "Rotate", "schema_": {"properties": {"angle": {"type": "number"}}}}
call(api, "PUT", f"/rooms/{room}/jobs", job)
call(api, "PUT", f"/rooms/{room}/jobs", {**job, "schema_": {}})
call(api, "POST", f"/rooms/{room}/tasks/{room}:modifiers:Rotate", {"payload": {"angle": "a"}})
call(api, "POST", f"/rooms/{room}/tasks/Rotate", {"payload": {}})
call(api, "PUT", "/rooms/another/jobs", job)
call(JoblibApi(url, "no token"), "GET", f"/rooms/{room}/jobs")
call(api, "PUT", f"/rooms/{room}/jobs", {**job, "category": "unknown"})

worker = api.http.post(f"{url}/v1/joblib/workers", headers=api.get_headers()).json()["id"]
call(api, "POST", "/tasks/claim", {"worker_id": worker})
call(api, "PATCH", f"/workers/{worker}")
call(JoblibApi(url, token, claim_wait=0), "POST", "/tasks/claim", {"worker_id": worker})
