# shellcheck shell=bash
# For the scripts that run on a bare machine. Sourced, not run.
set -uo pipefail
cd /
PASSED=0 FAILED=0 DAEMON=

# check WHAT COMMAND…: counts it, and shows its output if it fails.
check() {
  local what=$1
  shift
  [ ! -f /tmp/check ] || mv /tmp/check /tmp/before
  if "$@" >/tmp/check 2>&1; then
    PASSED=$((PASSED + 1)) && echo "ok: $what"
  else
    FAILED=$((FAILED + 1)) && echo "FAILED: $what" && cat /tmp/check
  fi
}

# said TEXT: whether the command of the check before printed it.
said() { grep -F -- "$1" /tmp/before; }

# equal EXPECTED COMMAND…: whether it prints that.
equal() {
  local expected=$1 found
  shift
  found=$("$@")
  [ "$found" = "$expected" ] || { echo "expected $expected, found $found" && return 1; }
}

# contains TEXT COMMAND…
contains() {
  local text=$1 found
  shift
  found=$("$@" 2>&1)
  grep -qF -- "$text" <<<"$found" || { echo "no $text in: $found" && return 1; }
}

# start COMMAND…: starts a daemon on a free port of 127.0.0.1 and waits until it says which one; PORT, DAEMON.
start() {
  "$@" >/tmp/daemon.log 2>&1 &
  DAEMON=$!
  PORT=
  for _ in $(seq 150); do
    PORT=$(sed -n 's|.*listens on http://127.0.0.1:\([0-9]*\).*|\1|p' /tmp/daemon.log)
    [ -z "$PORT" ] || return 0
    kill -0 "$DAEMON" 2>/dev/null || break
    sleep 0.1
  done
  cat /tmp/daemon.log && return 1
}

stop() {
  local status=0
  kill -TERM "$DAEMON" && wait "$DAEMON" || status=$?
  DAEMON=
  [ "$status" = 0 ] || { cat /tmp/daemon.log && return 1; }
}

ready() {
  local status
  for _ in $(seq 50); do
    exec 3<>"/dev/tcp/127.0.0.1/$PORT" || return
    printf 'GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
    read -r _ status _ <&3
    exec 3>&-
    [ "$status" != 200 ] || return 0
    sleep 0.1
  done
  echo "status $status" && cat /tmp/daemon.log && return 1
}

finish() {
  echo "tried: $PASSED passed, $FAILED failed"
  [ "$FAILED" = 0 ]
}
