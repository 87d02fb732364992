# Steps of CI, counted; none of them can keep the rest from being told.
#
# A step writes to a file and never to our own output: what it leaves behind (a server whose parent was killed) would
# hold that open, and whoever reads it to its end would wait for ever. Seen once, for ninety minutes.

# Seconds that a step may take (the longest takes four minutes on two cores), all of them together, and from SIGTERM to SIGKILL.
: "${LONGEST:=900}" "${DEADLINE:=3300}" "${KILL_AFTER:=20}"

passed=0
failed=0
log=$(mktemp)
mark="joblib-ci-$$-$RANDOM"
SECONDS=0

# Ends what a step has left running, in whatever session: it bears the step's mark in its environment.
end_left() {
  local left pid
  left=$(grep -lsz "^JOBLIB_CI=$mark\$" /proc/[0-9]*/environ | cut -d/ -f3)
  for pid in $left; do
    echo "=== left running, and ended: $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | cut -c1-200)"
    kill -KILL "$pid" 2>/dev/null
  done
}

step() {
  local limit=$((DEADLINE - SECONDS)) began=$SECONDS running status
  [ "$limit" -gt "$LONGEST" ] && limit=$LONGEST
  echo "=== $*"
  : >"$log"
  if [ "$limit" -le 0 ]; then
    echo "=== FAILED: no time is left for it"
    failed=$((failed + 1))
    return
  fi
  # `timeout` makes a process group of its own, and signals all of it.
  JOBLIB_CI=$mark timeout --kill-after="$KILL_AFTER" "$limit" "$@" >"$log" 2>&1 </dev/null &
  running=$!
  tail --pid="$running" -s 0.2 -n +1 -f "$log" 2>/dev/null &
  wait "$running"
  status=$?
  wait $!
  end_left
  if [ "$status" -eq 0 ]; then
    passed=$((passed + 1))
    return
  fi
  failed=$((failed + 1))
  if [ $((SECONDS - began)) -ge "$limit" ]; then
    echo "=== FAILED: $* was not over after $limit s"
  else
    echo "=== FAILED: $*"
  fi
}

# vitest's closing line: "Tests  2 failed | 120 passed (122)"
count() {
  grep -E '^ *Tests ' "$log" | tail -n 1 | grep -oE "[0-9]+ $1" | grep -oE '[0-9]+' || echo 0
}

# The fault suite's: "40 passed, 0 failed"
told() {
  grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1 | grep -oE "[0-9]+ $1" | grep -oE '[0-9]+' || echo 0
}

# The contract: this line alone, at the end, and an exit code that says the same.
finish() {
  rm -f "$log"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}
