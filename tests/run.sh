#!/usr/bin/env bash
# Passes the tests, all of them, on a Debian 12 machine with Rust: `bash tests/run.sh`.
# Installs the Debian packages that it needs, says what each stage does, and stops everything that it started.
# Every stage runs, also after one that failed; the last line counts tests, and a stage that fails without
# naming a test counts as one.
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

BEFORE=$(git status --porcelain 2>/dev/null || true)
WORK=$(mktemp -d /tmp/hallpass-tests.XXXXXX)
PASSED=0 FAILED=0 JOB=
SUMMARY=()

clean_up() {
  # A stage and what it started are one process group.
  if [ -n "$JOB" ]; then
    kill -TERM -- "-$JOB" 2>/dev/null || true
    wait "$JOB" 2>/dev/null || true
  fi
  stop_postgres
  rm -rf "$WORK"
}
trap 'exit 130' INT
trap 'exit 143' TERM HUP
trap clean_up EXIT

# stage NAME WHAT COMMAND…: runs it, and adds up what its test runners say.
stage() {
  local name=$1 what=$2 log="$WORK/log" began=$SECONDS status=0 passed failed
  shift 2
  say "$name: $what"
  set -m
  ("$@" 2>&1 | tee "$log") &
  JOB=$!
  set +m
  wait "$JOB" || status=$?
  JOB=
  # cargo: "test result: ok. 12 passed; 0 failed; …"; node: "ℹ pass 12", "ℹ fail 0", "ℹ cancelled 0".
  read -r passed failed < <(sed 's/\x1b\[[0-9;]*m//g' "$log" | awk '
    /^test result: / { p += $4; f += $6 }
    /^(ℹ|#) pass [0-9]+$/ { p += $3 }
    /^(ℹ|#) (fail|cancelled) [0-9]+$/ { f += $3 }
    END { print p + 0, f + 0 }')
  [ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1
  PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed))
  SUMMARY+=("$(printf '%-10s %-6s %4s s  %s passed, %s failed' "$name" "$([ "$status" = 0 ] && echo ok || echo FAILED)" $((SECONDS - began)) "$passed" "$failed")")
}

skip() { say "$1: not here ($2)"; SUMMARY+=("$(printf '%-10s %-6s         %s' "$1" "-" "$2")"); }

# The OASIS schemas, as python3-saml carries them; fetched once, never committed.
fetch_schemas() {
  local folder=target/test-schemas
  if [ ! -f "$folder/onelogin/saml2/schemas/saml-schema-protocol-2.0.xsd" ]; then
    rm -rf "$folder"
    python3 -m pip --version >/dev/null 2>&1 || need python3-pip
    python3 -m pip download --quiet --disable-pip-version-check --no-deps -d "$folder" python3-saml==1.16.0 || return
    python3 -m zipfile -e "$folder"/python3_saml-1.16.0-*.whl "$folder" || return
  fi
  export HALLPASS_TEST_SCHEMAS="$PWD/$folder/onelogin/saml2/schemas"
}

# The signatures by which the W3C, Merlin and Phaos try their readers, out of the source package of xmlsec1. Debian's
# sources are named beside its binaries for this one download, in a folder of its own.
fetch_vectors() {
  local folder=target/test-vectors
  if ! ls -d "$folder"/xmlsec1-*/tests >/dev/null 2>&1; then
    rm -rf "$folder" && mkdir -p "$folder"/lists/partial "$folder"/cache/archives/partial || return
    apt-get indextargets --format 'deb-src $(REPO_URI) $(SUITE) $(COMPONENT)' 'Created-By: Packages' |
      sort -u >"$folder/sources.list" || return
    (cd "$folder" &&
      apt=(apt-get -qq -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::State::lists="$PWD/lists" -o Dir::Cache="$PWD/cache" -o APT::Sandbox::User=root) &&
      "${apt[@]}" update && "${apt[@]}" source --download-only xmlsec1 && tar -xzf xmlsec1_*.orig.tar.gz) || return
  fi
  HALLPASS_TEST_VECTORS=$(ls -d "$PWD/$folder"/xmlsec1-*/tests) || return
  export HALLPASS_TEST_VECTORS
}

# nginx and Caddy as Debian packs them, unpacked and not installed: an installed one would start as a service.
fetch_proxies() {
  local folder=target/test-proxies release; release=$(. /etc/os-release && echo "$VERSION_CODENAME") || return
  folder=$folder/$release
  if [ ! -x "$folder/usr/sbin/nginx" ] || [ ! -x "$folder/usr/bin/caddy" ]; then
    rm -rf "$folder" && mkdir -p "$folder" || return
    (cd "$folder" && download() { apt-get download -qq -o APT::Sandbox::User=root nginx caddy; } &&
      { download 2>/dev/null || { as_root apt-get update -qq && download; }; } &&
      for package in *.deb; do dpkg -x "$package" . || exit; done) || return
  fi
  export HALLPASS_TEST_NGINX="$PWD/$folder/usr/sbin/nginx" HALLPASS_TEST_CADDY="$PWD/$folder/usr/bin/caddy"
  "$HALLPASS_TEST_NGINX" -v && "$HALLPASS_TEST_CADDY" version
}

# Debian 12's npm cannot install what tests/interop overrides.
install_node_packages() {
  local major
  major=$(npm --version | cut -d. -f1) || return
  if [ "$major" -lt 10 ]; then npx -y npm@10 ci; else npm ci; fi
}

node_tests() (
  cd "$1" && install_node_packages &&
    TMPDIR="$WORK" HALLPASS_BIN="$ROOT/target/debug/hallpass" HALLPASS_SHOTS="${HALLPASS_SHOTS:-$ROOT/target/shots}" \
      node --test --test-reporter=spec --test-concurrency=1 ./*.test.js
)

# The Python service providers, each package as it was measured; built anew when the list changes.
install_python_packages() {
  local list=tests/interop/sp/requirements.txt folder=target/interop-python
  cmp -s "$list" "$folder/requirements.txt" && return
  rm -rf "$folder"
  python3 -c 'import ensurepip' 2>/dev/null || need python3-venv
  python3 -m venv "$folder" &&
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -r "$list" &&
    cp "$list" "$folder/requirements.txt"
}

interop() { install_python_packages && node_tests tests/interop; }

# What is found new goes to target, never into the corpus that is committed.
fuzz() {
  local target targets found=target/fuzz
  targets=$(cargo +nightly fuzz list --fuzz-dir tests/fuzz) || return
  for target in $targets; do
    mkdir -p "$found/corpus/$target" "$found/artifacts/$target" || return
    cargo +nightly fuzz run --fuzz-dir tests/fuzz "$target" "$found/corpus/$target" "fixtures/fuzz/$target" -- \
      -max_total_time=60 -artifact_prefix="$found/artifacts/$target/" -verbosity=0 -print_final_stats=1 || return
  done
}

as_before() {
  local now
  now=$(git status --porcelain) || return
  if [ "$now" = "$BEFORE" ]; then echo "nothing was left behind"; else printf 'left behind:\n%s\n' "$now"; return 1; fi
}

ROOT=$PWD
need "${BUILD_PACKAGES[@]}" xmlsec1 libxml2-utils openssl python3 sqlite3 postgresql chromium fonts-liberation apache2-bin libapache2-mod-auth-mellon
need_rust
command -v node >/dev/null && command -v npm >/dev/null || need nodejs npm

stage format "every file as rustfmt writes it" cargo fmt --check
stage clippy "no lint speaks" cargo clippy --all-targets --locked -- -D warnings

start_postgres
trap clean_up EXIT
export HALLPASS_TEST_POSTGRES=$POSTGRES_URL
say "schemas: the OASIS XSDs out of python3-saml 1.16.0"
if ! fetch_schemas; then
  FAILED=$((FAILED + 1))
  SUMMARY+=("schemas    FAILED")
fi

say "vectors: signatures out of the source package of xmlsec1"
if ! fetch_vectors; then
  FAILED=$((FAILED + 1))
  SUMMARY+=("vectors    FAILED")
fi

say "proxies: nginx and Caddy, unpacked and not installed"
if ! fetch_proxies; then
  FAILED=$((FAILED + 1))
  SUMMARY+=("proxies    FAILED")
fi

export CI="${CI:-true}"
stage cargo "units, properties and flows, on SQLite and PostgreSQL" cargo test --locked --no-fail-fast
stage doc "every link of the documentation leads somewhere" env RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --locked
# The next two stages run the binary that the tests have built: target/debug/hallpass.
stage interop "service providers that are not ours sign in and out (passport-wsfed-saml2, python3-saml, pysaml2, mod_auth_mellon, node-saml, samlify, a strict reader)" interop
stage e2e "a person in Chromium goes through the demo; pictures in ${HALLPASS_SHOTS:-target/shots}" node_tests tests/e2e

if [ ! -f tests/fuzz/Cargo.toml ]; then
  skip fuzz "no targets"
elif cargo +nightly fuzz --version >/dev/null 2>&1; then
  stage fuzz "60 s for each target" fuzz
else
  skip fuzz "no nightly toolchain with cargo-fuzz; its corpus ran as tests"
fi
if [ ! -f .cargo/deny.toml ]; then
  skip deny "no .cargo/deny.toml"
elif cargo deny --version >/dev/null 2>&1; then
  stage deny "licences, bans and sources of every package" cargo deny --config .cargo/deny.toml check licenses bans sources
else
  skip deny "no cargo-deny"
fi
if [ ! -f docker-compose.yml ]; then
  skip compose "no docker-compose.yml"
elif docker compose version >/dev/null 2>&1; then
  stage compose "docker-compose.yml is one" docker compose -f docker-compose.yml config -q
else
  skip compose "no docker compose"
fi
stage checkout "as it was before" as_before

say "stages"
printf '%s\n' "${SUMMARY[@]}"
printf '\n%s passed, %s failed\n' "$PASSED" "$FAILED"
[ "$FAILED" = 0 ]
