#!/usr/bin/env bash
# Measures what an SSO request costs, on SQLite and PostgreSQL, and prints a table; with --json, one object.
# With --million: what commands and pages cost with a million users. With --people: an SSO request with a million people
# in twenty groups each. With --queue: an SSO request while 200 people sign in by password at once.
# Daemon and control signature share one core, so that both see the same machine.
. "$(dirname "$0")/../setup.sh"
need "${BUILD_PACKAGES[@]}" valgrind postgresql-client util-linux >&2
need_rust
start_postgres >&2
export HALLPASS_TEST_POSTGRES=$POSTGRES_URL
say "building (release)" >&2
cargo bench --locked --no-run --bench bench >&2
core=$(($(nproc) - 1))
say "measuring on core $core" >&2
bench=$(cargo bench --locked --no-run --bench bench --message-format=json 2>/dev/null |
  python3 -c 'import json,sys
for line in sys.stdin:
    m = json.loads(line)
    if m.get("reason") == "compiler-artifact" and m["target"]["name"] == "bench" and m.get("executable"): print(m["executable"])' | tail -1)
taskset -c "$core" "$bench" --instructions "$@"
