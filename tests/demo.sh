#!/usr/bin/env bash
# Runs the demo on this machine: Hallpass on SQLite, a user, and a service provider to sign in to. Installs the Debian
# packages that the build needs, builds, and starts. Arguments are passed to `hallpass demo`.
. "$(dirname "$0")/setup.sh"
need "${BUILD_PACKAGES[@]}"
need_rust
say "building Hallpass (some minutes the first time)"
cargo build --release --locked --bin hallpass
say "starting the demo"
exec target/release/hallpass demo "$@"
