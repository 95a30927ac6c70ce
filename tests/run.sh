#!/usr/bin/env bash
# Runs the tests, on Debian 12 or 13 with Rust: `bash tests/run.sh` runs all, `bash tests/run.sh STAGE…` some; --help
# lists the stages. Installs the Debian packages that it needs, prints what each stage does, and stops everything that
# it started. Every stage runs, even after one that failed. At the end it prints each stage's seconds; the last line
# counts tests, and a stage that fails without naming a test counts as one.
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

ROOT=$PWD
SHOTS=${HALLPASS_SHOTS:-$ROOT/target/shots}
STAGES=(format clippy lean cargo doc interop e2e pages packages fuzz deny compose checkout)
declare -A WHAT=(
  [format]="every file as rustfmt writes it"
  [clippy]="no lint speaks"
  [lean]="without the second opinion the daemon is built, and links no XML library in C"
  [cargo]="units, properties and flows, on SQLite and PostgreSQL"
  [doc]="every link of the documentation leads somewhere"
  [interop]="service providers that are not ours sign in and out, a mail server takes our mail, and Chromium's authenticator makes passkeys (smtp-server, @simplewebauthn/server; passport-wsfed-saml2, python3-saml, pysaml2, mod_auth_mellon, node-saml, samlify, a strict reader)"
  [e2e]="a person in Chromium goes through the demo; pictures in $SHOTS"
  [pages]="every page in every language, with axe, the Tab key, a narrow window and without script; pictures in $SHOTS"
  [packages]="the .deb for this Debian, installed, upgraded, removed and purged on a bare machine"
  [fuzz]="60 s for each target"
  [deny]="licences, bans and sources of every package"
  [compose]="docker-compose.yml is one"
  [checkout]="as it was before"
  # Preparations that run first, where a stage needs them.
  [build]="the tests and the daemon are compiled"
  [schemas]="the OASIS XSDs out of python3-saml 1.16.0"
  [vectors]="signatures out of the source package of xmlsec1"
  [proxies]="nginx and Caddy, unpacked and not installed"
  [npm]="service providers, a mail server, the browser's driver and axe, from npm"
  [python]="service providers from PyPI"
)

usage() {
  local name
  printf 'bash tests/run.sh            everything, as CI does it\nbash tests/run.sh STAGE…     these alone, in this order:\n\n'
  for name in "${STAGES[@]}"; do printf '  %-10s %s\n' "$name" "${WHAT[$name]}"; done
}

for argument in "$@"; do
  case " ${STAGES[*]} " in
    *" $argument "*) ;;
    *) case "$argument" in
      -h | --help) usage && exit ;;
      *) { printf '%s is not a stage\n\n' "$argument" && usage; } >&2 && exit 2 ;;
    esac ;;
  esac
done
CHOSEN=" ${*:-${STAGES[*]}} "

# asked STAGE…: whether one of them is to run.
asked() {
  local name
  for name in "$@"; do [[ $CHOSEN != *" $name "* ]] || return 0; done
  return 1
}

BEFORE=$(git status --porcelain 2>/dev/null || true)
WORK=$(mktemp -d /tmp/hallpass-tests.XXXXXX)
PASSED=0 FAILED=0 JOBS=() BESIDE=()
SUMMARY=()

clean_up() {
  local job
  # Each job and the processes that it started are one process group.
  for job in "${JOBS[@]}"; do
    kill -TERM -- "-$job" 2>/dev/null || true
    wait "$job" 2>/dev/null || true
  done
  stop_postgres
  rm -rf "$WORK"
}
trap 'exit 130' INT
trap 'exit 143' TERM HUP
trap clean_up EXIT

# in_background COMMAND…: runs it in a process group of its own; its pid is the last of JOBS.
in_background() {
  set -m
  "$@" &
  JOBS+=($!)
  set +m
}

# stage NAME: runs it, and adds up what its test runners report.
stage() {
  local name=$1 began=$SECONDS status=0
  say "$name: ${WHAT[$name]}"
  in_background shown "$name"
  wait "${JOBS[-1]}" || status=$?
  unset 'JOBS[-1]'
  count "$name" "$status" $((SECONDS - began))
}

shown() { run "$1" 2>&1 | tee "$WORK/$1.log"; }

# count NAME STATUS SECONDS: one line of the table.
count() {
  local name=$1 status=$2 passed failed
  # cargo: "test result: ok. 12 passed; 0 failed; …"; node: "ℹ pass 12", "ℹ fail 0", "ℹ cancelled 0".
  read -r passed failed < <(sed 's/\x1b\[[0-9;]*m//g' "$WORK/$name.log" | awk '
    /^test result: / { p += $4; f += $6 }
    /^(ℹ|#) pass [0-9]+$/ { p += $3 }
    /^(ℹ|#) (fail|cancelled) [0-9]+$/ { f += $3 }
    END { print p + 0, f + 0 }')
  [ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1
  PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed))
  SUMMARY+=("$(printf '%-10s %-6s %4s s  %s passed, %s failed' "$name" "$([ "$status" = 0 ] && echo ok || echo FAILED)" "$3" "$passed" "$failed")")
}

skip() {
  say "$1: not here ($2)"
  SUMMARY+=("$(printf '%-10s %-6s         %s' "$1" "-" "$2")")
}

# begin_beside NAME…: downloads while the compiler works, one after the other. Nothing else runs in parallel: the tests
# measure how long requests wait, and need both cores.
begin_beside() {
  BESIDE=("$@")
  [ $# = 0 ] || in_background each_beside
}

each_beside() {
  local name began status
  # In the background, a prompt for a password would wait for ever.
  # shellcheck disable=SC2317  # as_root calls it
  sudo() { command sudo -n "$@"; }
  for name in "${BESIDE[@]}"; do
    began=$SECONDS status=0
    run "$name" >"$WORK/$name.log" 2>&1 || status=$?
    echo "$status $((SECONDS - began))" >"$WORK/$name.done"
  done
}

# Waits for the downloads, and shows the output of each.
finish_beside() {
  [ ${#BESIDE[@]} != 0 ] || return 0
  local name result
  wait "${JOBS[-1]}" || true
  unset 'JOBS[-1]'
  for name in "${BESIDE[@]}"; do
    say "$name: ${WHAT[$name]} (beside what went before)"
    [ -f "$WORK/$name.done" ] || { echo "1 0" >"$WORK/$name.done" && touch "$WORK/$name.log"; }
    cat "$WORK/$name.log"
    read -ra result <"$WORK/$name.done"
    count "$name" "${result[@]}"
  done
  BESIDE=()
}

# run NAME: the only place that defines what a stage does.
run() {
  case "$1" in
    format) cargo fmt --check ;;
    clippy) cargo clippy --all-targets --locked -- -D warnings ;;
    lean) lean ;;
    build) if asked cargo; then cargo test --locked --no-run; else cargo build --locked; fi ;;
    cargo) cargo_tests ;;
    doc) RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --locked ;;
    interop) node_tests tests/interop ;;
    e2e) node_tests tests/e2e ;;
    pages) look_at_pages ;;
    packages) bash tests/package.sh deb ;;
    fuzz) fuzz ;;
    deny) cargo deny --config .cargo/deny.toml check licenses bans sources ;;
    compose) docker compose -f docker-compose.yml config -q ;;
    checkout) as_before ;;
    schemas) fetch_schemas ;;
    vectors) fetch_vectors ;;
    proxies) fetch_proxies ;;
    npm) install_node_packages ;;
    python) install_python_packages ;;
  esac
}

# Before the stage `build`, which puts the daemon with all features in the same place.
lean() {
  local daemon=target/debug/hallpass
  cargo clippy --locked --no-default-features --lib --bins -- -D warnings || return
  cargo build --locked --no-default-features || return
  if ldd "$daemon" | grep -E 'libxml2|libxslt|libxmlsec1'; then return 1; fi
  "$daemon" --version
}

# The OASIS schemas from the package of python3-saml; fetched once, never committed.
fetch_schemas() {
  local folder=target/test-schemas
  if [ ! -f "$folder/onelogin/saml2/schemas/saml-schema-protocol-2.0.xsd" ]; then
    rm -rf "$folder"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps -d "$folder" python3-saml==1.16.0 || return
    python3 -m zipfile -e "$folder"/python3_saml-1.16.0-*.whl "$folder" || return
  fi
}

# The signatures with which the W3C, Merlin and Phaos test their readers, from the source package of xmlsec1. Debian's
# source lists are added for this one download, in a folder of its own.
fetch_vectors() {
  local folder=target/test-vectors
  if ! ls -d "$folder"/xmlsec1-*/tests >/dev/null 2>&1; then
    rm -rf "$folder" && mkdir -p "$folder"/lists/partial "$folder"/cache/archives/partial || return
    # shellcheck disable=SC2016  # apt-get reads these
    apt-get indextargets --format 'deb-src $(REPO_URI) $(SUITE) $(COMPONENT)' 'Created-By: Packages' |
      sort -u >"$folder/sources.list" || return
    (cd "$folder" &&
      apt=(apt-get -qq -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::State::lists="$PWD/lists" -o Dir::Cache="$PWD/cache" -o APT::Sandbox::User=root) &&
      "${apt[@]}" update && "${apt[@]}" source --download-only xmlsec1 && tar -xzf xmlsec1_*.orig.tar.gz) || return
  fi
  ls -d "$folder"/xmlsec1-*/tests
}

# Debian's nginx and Caddy, unpacked and not installed: an installed one would start as a service.
PROXIES=target/test-proxies/$(. /etc/os-release && echo "$VERSION_CODENAME")
fetch_proxies() {
  local folder=$PROXIES
  if [ ! -x "$folder/usr/sbin/nginx" ] || [ ! -x "$folder/usr/bin/caddy" ]; then
    rm -rf "$folder" && mkdir -p "$folder" || return
    (cd "$folder" && download() { apt-get download -qq -o APT::Sandbox::User=root nginx caddy; } &&
      { download 2>/dev/null || { as_root apt-get update -qq && download; }; } &&
      for package in *.deb; do dpkg -x "$package" . || exit; done) || return
  fi
  "$folder/usr/sbin/nginx" -v && "$folder/usr/bin/caddy" version
}

cargo_tests() {
  HALLPASS_TEST_SCHEMAS=$PWD/target/test-schemas/onelogin/saml2/schemas \
    HALLPASS_TEST_VECTORS=$(echo "$PWD"/target/test-vectors/xmlsec1-*/tests) \
    HALLPASS_TEST_NGINX=$PWD/$PROXIES/usr/sbin/nginx HALLPASS_TEST_CADDY=$PWD/$PROXIES/usr/bin/caddy \
    cargo test --locked --no-fail-fast
}

# Debian 12's npm cannot install the overrides of tests/interop.
install_node_packages() {
  local major folder npm=(npm)
  local -A uses=([interop]=interop [e2e]="e2e pages")
  major=$(npm --version | cut -d. -f1) || return
  [ "$major" -ge 10 ] || npm=(npx -y npm@10)
  for folder in interop e2e; do
    # shellcheck disable=SC2086  # stages
    ! asked ${uses[$folder]} || (cd "tests/$folder" && "${npm[@]}" ci) || return
  done
}

# Uses the binary that the tests have built: target/debug/hallpass.
node_tests() (
  cd "$1" &&
    TMPDIR="$WORK" HALLPASS_BIN="$ROOT/target/debug/hallpass" HALLPASS_SHOTS="$SHOTS" \
      node --test --test-reporter=spec --test-concurrency=1 ./*.test.js
)

# Pages of an earlier run that are no more would be looked at too.
look_at_pages() {
  rm -rf target/pages
  cargo test --locked --lib write_every_page -- --ignored && node_tests tests/e2e/pages
}

# The Python service providers, with the package versions that were tested; installed again when the list changes.
install_python_packages() {
  local list=tests/interop/sp/requirements.txt folder=target/interop-python
  cmp -s "$list" "$folder/requirements.txt" && return
  rm -rf "$folder"
  python3 -m venv "$folder" &&
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -r "$list" &&
    cp "$list" "$folder/requirements.txt"
}

# New findings are written to target, never to the committed corpus.
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

export CI="${CI:-true}"
beside=() compiles=(clippy lean cargo doc interop e2e pages packages fuzz) runs=(cargo interop e2e)
! asked "${compiles[@]}" || need "${BUILD_PACKAGES[@]}"
! asked format deny "${compiles[@]}" || need_rust
if asked "${runs[@]}"; then
  need age xmlsec1 libxml2-utils openssl python3 sqlite3 postgresql chromium fonts-liberation apache2-bin libapache2-mod-auth-mellon
fi
if asked cargo; then
  python3 -m pip --version >/dev/null 2>&1 || need python3-pip
  beside+=(schemas vectors proxies)
fi
! asked pages || need chromium fonts-liberation
if asked interop e2e pages; then
  if ! { command -v node && command -v npm; } >/dev/null; then need nodejs npm; fi
  beside+=(npm)
fi
if asked interop; then
  python3 -c 'import ensurepip' 2>/dev/null || need python3-venv
  beside+=(python)
fi

begin_beside "${beside[@]}"
! asked format || stage format
! asked clippy || stage clippy
! asked lean || stage lean
! asked "${runs[@]}" || stage build
finish_beside

if asked cargo interop; then
  start_postgres
  trap clean_up EXIT
  export HALLPASS_TEST_POSTGRES=$POSTGRES_URL
fi
for name in cargo doc interop e2e pages; do
  ! asked "$name" || stage "$name"
done

if asked packages; then
  case "$(. /etc/os-release && echo "$ID ${VERSION_ID:-}")" in
    "debian 12" | "debian 13") stage packages ;;
    *) skip packages "neither Debian 12 nor 13" ;;
  esac
fi
if ! asked fuzz; then :
elif [ ! -f tests/fuzz/Cargo.toml ]; then
  skip fuzz "no targets"
elif cargo +nightly fuzz --version >/dev/null 2>&1; then
  stage fuzz
else
  skip fuzz "no nightly toolchain with cargo-fuzz; its corpus ran as tests"
fi
if ! asked deny; then :
elif [ ! -f .cargo/deny.toml ]; then
  skip deny "no .cargo/deny.toml"
elif cargo deny --version >/dev/null 2>&1; then
  stage deny
else
  skip deny "no cargo-deny"
fi
if ! asked compose; then :
elif [ ! -f docker-compose.yml ]; then
  skip compose "no docker-compose.yml"
elif docker compose version >/dev/null 2>&1; then
  stage compose
else
  skip compose "no docker compose"
fi
! asked checkout || stage checkout

say "stages"
printf '%s\n' "${SUMMARY[@]}"
printf '%-10s %-6s %4s s\n' "together" "" "$SECONDS"
printf '\n%s passed, %s failed\n' "$PASSED" "$FAILED"
[ "$FAILED" = 0 ]
