"""A worker in plain Python 3, for the job text:WordCount. JOBLIB_URL, JOBLIB_TOKEN and JOBLIB_ROOM say where."""
import collections, http.client, json, logging, os, signal, sys, threading, time, urllib.error, urllib.request

BASE = os.environ.get("JOBLIB_URL", "http://127.0.0.1:7800").rstrip("/") + "/v1/joblib"
ROOM = os.environ.get("JOBLIB_ROOM", "lab")
HEADERS = {"content-type": "application/json", "authorization": "Bearer " + os.environ.get("JOBLIB_TOKEN", "")}
SCHEMA = {"type": "object", "required": ["text"], "additionalProperties": False, "properties": {
    "text": {"type": "string"}, "seconds_per_word": {"type": "number", "minimum": 0, "default": 0}}}
held, taken = {}, threading.Event()  # the stop event of each claimed task; set when one is claimed

def call(method, path, body=None, wait=0, patience=float("inf")):
    headers = {**HEADERS, "prefer": f"wait={wait}"} if wait else HEADERS
    data = body and json.dumps(body, allow_nan=False).encode()  # raises for what is not JSON: NaN, a set, a cycle
    give_up = time.monotonic() + patience
    while True:  # every request may be sent twice: a claim whose answer was lost is returned again
        try:
            request = urllib.request.Request(BASE + path, data, headers, method=method)
            with urllib.request.urlopen(request, timeout=wait + 20) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            if error.code not in (429, 502, 503, 504) or method == "DELETE" or time.monotonic() > give_up: raise
            time.sleep(float(error.headers.get("retry-after", 1)))
        except (OSError, http.client.HTTPException):
            if method == "DELETE": return None  # leaving does not wait for a server that is gone
            if time.monotonic() > give_up: raise
            time.sleep(1)

def describe(error):  # in ASCII and short, so that no server refuses it
    try: return ascii(f"{error!r} {error.read(1000).decode()}" if hasattr(error, "read") else error)[:400]
    except Exception: return type(error).__name__

def beat(worker, rest):
    while True:  # the answer waits while there is work, so that a cancel arrives at once; new tasks are named in 2 s
        for it in call("PATCH", f"/workers/{worker}", {"tasks": list(held)}, wait=2 if held else 0)["stop"]:
            held.get(it["task_id"], threading.Event()).set()
        if not held and taken.wait(rest): taken.clear()

def count_words(payload, stop):
    words = payload["text"].lower().split()
    any(stop.wait(payload.get("seconds_per_word", 0)) for _ in words)  # until the task is stopped
    return {"words": len(words), "most_common": collections.Counter(words).most_common(3)}

def work(worker, task):
    fence = {"worker_id": worker, "attempt": task["attempt"]}
    stop = held[task["id"]] = threading.Event()
    taken.set()
    try:
        call("PATCH", f"/tasks/{task['id']}", {"status": "running", **fence})
        try: outcome = {"status": "completed", "result": count_words(task["payload"], stop)}
        except Exception as error: outcome = {"status": "failed", "error": describe(error)}
        logging.info("%s %s", task["id"], "stopped" if stop.is_set() else finish(task, outcome, fence))
    except Exception as error:  # 409 task-lost: cancelled, timed out, or claimed by another worker
        logging.info("%s refused: %s", task["id"], describe(error))
    finally: del held[task["id"]]

def finish(task, outcome, fence):  # a result that cannot be stored fails its task; else it would seem to run for ever
    try: call("PATCH", f"/tasks/{task['id']}", {**outcome, **fence}, patience=300)
    except Exception as error:
        if getattr(error, "code", None) in (404, 409): raise
        outcome = {"status": "failed", "error": f"the result cannot be stored: {describe(error)}"}
        call("PATCH", f"/tasks/{task['id']}", {**outcome, **fence}, patience=300)
    return outcome["status"]

logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)  # unlike print, outlives a closed pipe
for number in [signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP]:  # as Ctrl-C, unless nohup ignores it
    if signal.getsignal(number) != signal.SIG_IGN: signal.signal(number, signal.default_int_handler)
me = call("POST", "/workers", {"name": f"python:{os.getpid()}"})
call("PUT", f"/rooms/{ROOM}/jobs", {"category": "text", "name": "WordCount", "schema": SCHEMA, "worker_id": me["id"]})
threading.Thread(target=beat, args=(me["id"], me["heartbeat_seconds"]), daemon=True).start()
logging.info("listening in %s", ROOM)
try:
    while not (answer := call("POST", "/tasks/claim", {"worker_id": me["id"]}, wait=30)).get("draining"):
        if answer["task"]: work(me["id"], answer["task"])
except KeyboardInterrupt: pass
finally: call("DELETE", f"/workers/{me['id']}")  # what still runs fails, or is retried
