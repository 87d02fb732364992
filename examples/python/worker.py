"""A worker in plain Python 3, for the job text:WordCount. JOBLIB_URL, JOBLIB_TOKEN and JOBLIB_ROOM say where."""
import collections, http.client, json, os, signal, threading, time, urllib.error, urllib.request

BASE = os.environ.get("JOBLIB_URL", "http://127.0.0.1:7800").rstrip("/") + "/v1/joblib"
ROOM = os.environ.get("JOBLIB_ROOM", "lab")
HEADERS = {"content-type": "application/json", "authorization": "Bearer " + os.environ.get("JOBLIB_TOKEN", "")}
SCHEMA = {"type": "object", "required": ["text"], "additionalProperties": False, "properties": {
    "text": {"type": "string"}, "seconds_per_word": {"type": "number", "minimum": 0, "default": 0}}}
held, taken = {}, threading.Event()  # what stops each task in hand; set when one comes

def call(method, path, body=None, wait=0):
    headers = {**HEADERS, "prefer": f"wait={wait}"} if wait else HEADERS
    while True:  # whatever a worker asks may be asked twice: a claim whose answer was lost comes back to it
        try:
            request = urllib.request.Request(BASE + path, body and json.dumps(body).encode(), headers, method=method)
            with urllib.request.urlopen(request, timeout=wait + 20) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            if error.code not in (429, 502, 503, 504) or method == "DELETE": raise
            time.sleep(float(error.headers.get("retry-after", 1)))
        except (OSError, http.client.HTTPException):
            if method == "DELETE": return None  # who leaves does not wait for a server that is gone
            time.sleep(1)

def beat(worker, rest):
    while True:  # the answer is held while there is work, so that a cancel comes at once; new tasks are named in 2 s
        for it in call("PATCH", f"/workers/{worker}", {"tasks": list(held)}, wait=2 if held else 0)["stop"]:
            held.get(it["task_id"], threading.Event()).set()
        if not held and taken.wait(rest): taken.clear()

def count_words(payload, stop):
    words = payload["text"].lower().split()
    for _ in words:
        if stop.wait(payload.get("seconds_per_word", 0)): break
    return {"words": len(words), "most_common": collections.Counter(words).most_common(3)}

def work(worker, task):
    fence = {"worker_id": worker, "attempt": task["attempt"]}
    stop = held[task["id"]] = threading.Event()
    taken.set()
    try:
        call("PATCH", f"/tasks/{task['id']}", {"status": "running", **fence})
        try: outcome = {"status": "completed", "result": count_words(task["payload"], stop)}
        except Exception as error: outcome = {"status": "failed", "error": repr(error)}
        if not stop.is_set(): call("PATCH", f"/tasks/{task['id']}", {**outcome, **fence})
        print(task["id"], "stopped" if stop.is_set() else outcome["status"], flush=True)
    except urllib.error.HTTPError as error:  # 409 task-lost: cancelled, timed out, or given to another
        print(task["id"], "refused:", error.read().decode(), flush=True)
    finally: del held[task["id"]]

signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
me = call("POST", "/workers", {"name": f"python:{os.getpid()}"})
call("PUT", f"/rooms/{ROOM}/jobs", {"category": "text", "name": "WordCount", "schema": SCHEMA, "worker_id": me["id"]})
threading.Thread(target=beat, args=(me["id"], me["heartbeat_seconds"]), daemon=True).start()
print("listening in", ROOM, flush=True)
try:
    while not (answer := call("POST", "/tasks/claim", {"worker_id": me["id"]}, wait=30)).get("draining"):
        if answer["task"]: work(me["id"], answer["task"])
except KeyboardInterrupt: pass
finally: call("DELETE", f"/workers/{me['id']}")  # what still runs fails, or is tried again
