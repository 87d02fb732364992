# Runs and counts the steps of CI. If a step hangs, CI still runs and reports the other steps.
#
# A step writes to a file instead of the script's output. Otherwise a process that a step leaves
# running, such as a server whose parent was killed, would keep the output open, and the program
# that reads the output would wait forever. This happened once, for ninety minutes.

# Time limits in seconds: for one step (the longest takes four minutes on two cores), for all steps,
# and from SIGTERM to SIGKILL.
: "${LONGEST:=1800}" "${DEADLINE:=3300}" "${KILL_AFTER:=20}"

passed=0
failed=0
log=$(mktemp)
mark="joblib-ci-$$-$RANDOM"
SECONDS=0

# Kills the processes that a step has left running, in any session. These processes have the mark in
# their environment.
kill_leftovers() {
  local left pid
  left=$(grep -lsz "^CI_STEP_MARK=$mark\$" /proc/[0-9]*/environ | cut -d/ -f3)
  for pid in $left; do
    echo "=== killed a process that the step left running: $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | cut -c1-200)"
    kill -KILL "$pid" 2>/dev/null
  done
}

step() {
  local limit=$((DEADLINE - SECONDS)) began=$SECONDS running status
  [ "$limit" -gt "$LONGEST" ] && limit=$LONGEST
  echo "=== $*"
  : >"$log"
  if [ "$limit" -le 0 ]; then
    echo "=== FAILED: not started because the time is up"
    failed=$((failed + 1))
    return
  fi
  # `timeout` creates a process group and signals all of its processes.
  CI_STEP_MARK=$mark timeout --kill-after="$KILL_AFTER" "$limit" "$@" >"$log" 2>&1 </dev/null &
  running=$!
  tail --pid="$running" -s 0.2 -n +1 -f "$log" 2>/dev/null &
  wait "$running"
  status=$?
  wait $!
  kill_leftovers
  if [ "$status" -eq 0 ]; then
    passed=$((passed + 1))
    return
  fi
  failed=$((failed + 1))
  if [ $((SECONDS - began)) -ge "$limit" ]; then
    echo "=== FAILED: $* did not end within $limit s"
  else
    echo "=== FAILED: $*"
  fi
}

# Prints the number of `passed` or `failed` tests in vitest's summary:
# "Tests  2 failed | 120 passed (122)"
count_tests() {
  grep -E '^ *Tests ' "$log" | tail -n 1 | grep -oE "[0-9]+ $1" | grep -oE '[0-9]+' || echo 0
}

# Prints the number of `passed` or `failed` cases in the summary of the fault suite or the attacks:
# "40 passed, 0 failed"
count_cases() {
  grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1 | grep -oE "[0-9]+ $1" | grep -oE '[0-9]+' || echo 0
}

# Prints the result as the last line and returns the corresponding exit code.
finish() {
  rm -f "$log"
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}
