#!/usr/bin/env bash
# Runs the main job on this machine: Hallpass on SQLite, a person, and a service provider to sign in to.
# Installs the Debian packages that the build needs, builds, and starts. Arguments go to `hallpass demo`.
. "$(dirname "$0")/setup.sh"
need "${BUILD_PACKAGES[@]}"
need_rust
say "building Hallpass (some minutes the first time)"
cargo build --release --locked --bin hallpass
say "starting the demo"
exec target/release/hallpass demo "$@"
