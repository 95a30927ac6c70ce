# shellcheck shell=bash
# Shared by the scripts in this folder: prints progress, installs missing packages, starts PostgreSQL. Sourced, not run.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n== %s\n' "$*"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Installs the Debian packages that are missing.
need() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  say "installing Debian packages: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Fails without the Rust that Cargo.toml requires: its rust-version is the only place that names a version.
need_rust() {
  local needed; needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
  # Where the system also has an older one, rustup's is used.
  recent_rust "$needed" || [ ! -f "$HOME/.cargo/env" ] || . "$HOME/.cargo/env"
  recent_rust "$needed" && return
  {
    if ! command -v rustc >/dev/null; then
      echo "Rust is missing: Hallpass needs $needed or later. Install it from https://rustup.rs, then run this again."
    elif [[ $(command -v rustc) == "${CARGO_HOME:-$HOME/.cargo}"/* ]]; then
      echo "$(rustc --version) is too old: Hallpass needs $needed or later. Update it with \`rustup update stable\`, then run this again."
    else
      echo "$(rustc --version) in $(command -v rustc) is too old: Hallpass needs $needed or later. Install it from https://rustup.rs, then run this again."
    fi
  } >&2
  exit 1
}

# recent_rust VERSION: whether cargo is installed, and rustc is VERSION or later.
recent_rust() {
  local version
  command -v cargo >/dev/null && version=$(rustc --version 2>/dev/null | cut -d' ' -f2) || return
  printf '%s\n' "$1" "${version%%-*}" | sort --version-sort --check=quiet
}

BUILD_PACKAGES=(gcc libc6-dev pkg-config libssl-dev libpq-dev libxmlsec1-dev libxmlsec1-openssl libclang-dev)

# Starts a PostgreSQL cluster of our own, as the user postgres (it refuses to run as root), on a free port of 127.0.0.1
# and without fsync, and sets POSTGRES_URL. It is stopped by pid when the script ends.
start_postgres() {
  need postgresql
  local bin; bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
  POSTGRES_DIR=$(mktemp -d /tmp/hallpass-postgres.XXXXXX)
  local port; port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
  if [ "$(id -u)" = 0 ]; then
    chown postgres "$POSTGRES_DIR"
    POSTGRES_AS=(runuser -u postgres --)
  else
    POSTGRES_AS=()
  fi
  say "starting PostgreSQL ($bin) on 127.0.0.1:$port"
  (cd /tmp && "${POSTGRES_AS[@]}" "$bin/initdb" -D "$POSTGRES_DIR/data" -U hallpass -A trust -E UTF8 --no-sync >/dev/null)
  (cd /tmp && "${POSTGRES_AS[@]}" "$bin/pg_ctl" -D "$POSTGRES_DIR/data" -l "$POSTGRES_DIR/log" -w start \
    -o "-c listen_addresses=127.0.0.1 -c port=$port -c fsync=off -c max_connections=200 -c unix_socket_directories=$POSTGRES_DIR" >/dev/null)
  POSTGRES_PID=$(head -1 "$POSTGRES_DIR/data/postmaster.pid")
  POSTGRES_URL="postgres://hallpass@127.0.0.1:$port/postgres"
  trap stop_postgres EXIT
}

stop_postgres() {
  [ -n "${POSTGRES_PID:-}" ] || return 0
  as_root kill -INT "$POSTGRES_PID" 2>/dev/null || true
  for _ in $(seq 50); do kill -0 "$POSTGRES_PID" 2>/dev/null || break; sleep 0.1; done
  as_root rm -rf "$POSTGRES_DIR"
  POSTGRES_PID=
}
