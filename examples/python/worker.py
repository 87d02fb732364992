"""A worker in plain Python 3 for the job text:WordCount, configured by JOBLIB_URL, JOBLIB_TOKEN and JOBLIB_ROOM."""
import collections, http.client, json, logging, os, signal, sys, threading, time, urllib.error, urllib.request

BASE = os.environ.get("JOBLIB_URL", "http://127.0.0.1:7800").rstrip("/") + "/v1/joblib"
ROOM = os.environ.get("JOBLIB_ROOM", "lab")
HEADERS = {"content-type": "application/json", "authorization": "Bearer " + os.environ.get("JOBLIB_TOKEN", "")}
SCHEMA = {"type": "object", "required": ["text"], "additionalProperties": False, "properties": {
    "text": {"type": "string"}, "seconds_per_word": {"type": "number", "minimum": 0, "default": 0}}}
stop_events, claimed = {}, threading.Event()  # the stop event of each claimed task; set when a task is claimed

def call(method, path, body=None, wait=0, retry_seconds=float("inf")):
    headers = {**HEADERS, "prefer": f"wait={wait}"} if wait else HEADERS
    data = body and json.dumps(body, allow_nan=False).encode()  # raises if it is not JSON: NaN, a set, a cycle
    deadline = time.monotonic() + retry_seconds
    while True:  # every request can be repeated: a claim returns the same task again if its response was lost
        try:
            request = urllib.request.Request(BASE + path, data, headers, method=method)
            with urllib.request.urlopen(request, timeout=wait + 20) as response:
                return json.loads(response.read() or "null")
        except urllib.error.HTTPError as error:
            if error.code not in (429, 502, 503, 504) or method == "DELETE" or time.monotonic() > deadline: raise
            time.sleep(float(error.headers.get("retry-after", 1)))
        except (OSError, http.client.HTTPException):
            if method == "DELETE": return None  # do not wait for an unreachable server at the end
            if time.monotonic() > deadline: raise
            time.sleep(1)

def describe(error):  # short ASCII text, which every server accepts
    try: return ascii(f"{error!r} {error.read(1000).decode()}" if hasattr(error, "read") else error)[:400]
    except Exception: return type(error).__name__

def send_heartbeats(worker, interval):
    while True:  # a long poll while a task runs: a cancel arrives immediately, and new tasks are reported within 2 s
        for it in call("PATCH", f"/workers/{worker}", {"tasks": list(stop_events)}, 2 if stop_events else 0)["stop"]:
            stop_events.get(it["task_id"], threading.Event()).set()
        if not stop_events and claimed.wait(interval): claimed.clear()

def count_words(payload, stop):
    words = payload["text"].lower().split()
    any(stop.wait(payload.get("seconds_per_word", 0)) for _ in words)  # sleeps until the task is stopped
    return {"words": len(words), "most_common": collections.Counter(words).most_common(3)}

def run_task(worker, task):
    fence = {"worker_id": worker, "attempt": task["attempt"]}
    stop = stop_events[task["id"]] = threading.Event()
    claimed.set()
    try:
        call("PATCH", f"/tasks/{task['id']}", {"status": "running", **fence})
        try: outcome = {"status": "completed", "result": count_words(task["payload"], stop)}
        except Exception as error: outcome = {"status": "failed", "error": describe(error)}
        logging.info("%s %s", task["id"], "stopped" if stop.is_set() else finish(task, outcome, fence))
    except Exception as error:  # 409 task-lost: cancelled, timed out, or claimed by another worker
        logging.info("%s rejected: %s", task["id"], describe(error))
    finally: del stop_events[task["id"]]

def finish(task, outcome, fence):  # a result that cannot be stored fails the task, which would otherwise never end
    try: call("PATCH", f"/tasks/{task['id']}", {**outcome, **fence}, retry_seconds=300)
    except Exception as error:
        if getattr(error, "code", None) in (404, 409): raise
        outcome = {"status": "failed", "error": f"cannot store the result: {describe(error)}"}
        call("PATCH", f"/tasks/{task['id']}", {**outcome, **fence}, retry_seconds=300)
    return outcome["status"]

logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)  # unlike print, ignores a closed pipe
for number in [signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP]:  # like Ctrl-C, unless nohup ignores it
    if signal.getsignal(number) != signal.SIG_IGN: signal.signal(number, signal.default_int_handler)
me = call("POST", "/workers", {"name": f"python:{os.getpid()}"})
call("PUT", f"/rooms/{ROOM}/jobs", {"category": "text", "name": "WordCount", "schema": SCHEMA, "worker_id": me["id"]})
threading.Thread(target=send_heartbeats, args=(me["id"], me["heartbeat_seconds"]), daemon=True).start()
logging.info("listening in %s", ROOM)
try:
    while not (response := call("POST", "/tasks/claim", {"worker_id": me["id"]}, wait=30)).get("draining"):
        if response["task"]: run_task(me["id"], response["task"])
except KeyboardInterrupt: pass
finally: call("DELETE", f"/workers/{me['id']}")  # a task that is still running fails or is retried
