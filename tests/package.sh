#!/usr/bin/env bash
# Builds the packages into target/packages, and tries each on a bare machine: a chroot made by debootstrap, with what
# apt's own mirror has. Only root can make one; otherwise it says so.
#
#   bash tests/package.sh              the .deb for the Debian that this runs on, and the portable archive
#   bash tests/package.sh deb          the .deb alone
#   bash tests/package.sh archive      the archive alone
#   bash tests/package.sh --all        the .deb for each Debian, each built in a chroot of its own, and the archive
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# The archive is built here, so this is the oldest glibc that it runs on.
OLDEST=bullseye OLDEST_GLIBC=2.31
DEBIANS=(bookworm trixie)
THIS=$(. /etc/os-release && echo "$VERSION_CODENAME")

ROOT=$PWD
PACKAGES=$ROOT/target/packages
WORK=$(mktemp -d /tmp/hallpass-package.XXXXXX)
# The daemons run as users of their own.
chmod 755 "$WORK"
PASSED=0 FAILED=0 SERVER=

clean_up() {
  [ -z "$SERVER" ] || kill "$SERVER" 2>/dev/null || true
  # Whatever was mounted or started in a chroot was so in namespaces that ended with their first process.
  rm -rf --one-file-system "$WORK"
}
trap 'exit 130' INT
trap 'exit 143' TERM HUP
trap clean_up EXIT

# check WHAT COMMAND…: counts it, and shows its output if it fails.
check() {
  local what=$1
  shift
  if "$@" >"$WORK/check" 2>&1; then
    PASSED=$((PASSED + 1)) && echo "ok: $what"
  else
    FAILED=$((FAILED + 1)) && echo "FAILED: $what" && cat "$WORK/check"
  fi
}

# Whether this machine lets us make one: root, new namespaces with a /proc, and devices.
has_chroots() {
  [ "$(id -u)" = 0 ] && unshare --mount --pid --fork --mount-proc true 2>/dev/null || return
  rm -f "$WORK/null" && mknod "$WORK/null" c 1 3 2>/dev/null && { : >"$WORK/null"; } 2>/dev/null
}

# The mirror of this machine; it has the other releases too.
mirror() {
  # shellcheck disable=SC2016  # apt-get reads these
  apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
    awk -v suite="$THIS" '$1 == suite { print $2; exit }'
}

# bare SUITE FOLDER: the smallest Debian.
bare() {
  local address; address=$(mirror)
  [ -n "$address" ] || { echo "apt knows no mirror of $THIS" >&2 && return 1; }
  debootstrap --variant=minbase "$1" "$2" "$address" >"$WORK/debootstrap.log" 2>&1 || { tail -5 "$WORK/debootstrap.log" >&2 && return 1; }
}

# within FOLDER MOUNT… -- COMMAND…: runs it there, as root. A MOUNT is FROM:TO or FROM:TO:ro. Mounts and processes end with it.
within() {
  # shellcheck disable=SC2016  # the inner shell expands it
  unshare --mount --pid --fork --kill-child -- bash -euc '
    folder=$1 && shift
    mount -t proc proc "$folder/proc"
    while [ "$1" != -- ]; do
      IFS=: read -r from to mode <<<"$1" && shift
      mkdir -p "$folder$to" 2>/dev/null || [ -d "$folder$to" ]
      mount --bind "$from" "$folder$to"
      [ -z "$mode" ] || mount -o "remount,bind,$mode" "$folder$to"
    done
    shift
    exec chroot "$folder" env -i PATH=/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
      "$@"' within "$@"
}

# build_within SUITE deb|archive: builds in a chroot of SUITE, always at the same path, and so with the same bytes.
build_within() {
  local suite=$1 kind=$2 folder="$WORK/build-$1" target="$ROOT/target/package-build/$1" sysroot cargo_home needed
  sysroot=$(rustc --print sysroot) cargo_home=${CARGO_HOME:-$HOME/.cargo}
  if [ "$sysroot" = /usr ] || [ ! -x "$sysroot/bin/cargo" ]; then echo "a Rust of rustup is needed" >&2 && return 1; fi
  needed=(gcc libc6-dev make perl ca-certificates)
  [ "$kind" = archive ] || needed=("${BUILD_PACKAGES[@]}" dpkg-dev ca-certificates)
  say "$kind, built on a bare $suite"
  cargo fetch --quiet --locked && mkdir -p "$target/packages" "$PACKAGES" && bare "$suite" "$folder" &&
    within "$folder" -- sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1' sh "${needed[@]}" &&
    within "$folder" "$ROOT:/build:ro" "$target:/build/target" "$sysroot:/rust:ro" "$cargo_home/registry:/cargo/registry" \
      /etc/ssl/certs:/etc/ssl/certs:ro -- \
      CARGO_HOME=/cargo HALLPASS_COMMIT="$(commit)" SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)" \
      bash /build/fixtures/package/build.sh "$kind" &&
    cp "$target"/packages/hallpass* "$PACKAGES/" && rm -rf --one-file-system "$folder"
}

commit() { echo "$(git rev-parse --short=12 HEAD)$([ -z "$(git status --porcelain)" ] || echo +)"; }

# try_deb SUITE: installs, upgrades, removes and purges it on a bare machine.
try_deb() {
  local suite=$1 folder="$WORK/bare-$1" package
  package=$(ls "$PACKAGES"/hallpass_*+deb"$(debian_number "$suite")"_*.deb) || return
  say "$(basename "$package"), on a bare $suite"
  dpkg-deb --field "$package" Depends
  has_chroots || { echo "not tried there: no chroot can be made here" && return; }
  bare "$suite" "$folder" && cp "$package" "$folder/hallpass.deb" && cp tests/package/*.sh "$folder/" || return
  count within "$folder" -- bash /deb.sh
  boot "$folder"
  rm -rf --one-file-system "$folder"
}

# boot FOLDER: starts that machine with systemd, as a container with a network of its own, and tries the service there.
boot() {
  local folder=$1
  within "$folder" -- sh -c 'apt-get install -y -qq --no-install-recommends systemd-sysv dbus /hallpass.deb' >"$WORK/install" 2>&1 ||
    { cat "$WORK/install" && return 1; }
  cat >"$folder/etc/systemd/system/trial.service" <<'END'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'bash /boot.sh >/trial.log 2>&1; systemctl --no-block poweroff'
END
  mkdir -p "$folder/etc/systemd/system/default.target.wants"
  ln -s ../trial.service "$folder/etc/systemd/system/default.target.wants/trial.service"
  timeout --kill-after=10 180 systemd-nspawn --quiet --register=no --keep-unit --private-network --directory "$folder" --boot \
    >"$WORK/console" 2>&1 || true
  if [ -f "$folder/trial.log" ]; then
    count cat "$folder/trial.log"
  else
    echo "not booted: systemd does not start in a container here" && tail -3 "$WORK/console"
  fi
}

debian_number() { case "$1" in bookworm) echo 12 ;; trixie) echo 13 ;; *) return 1 ;; esac }

# try_archive: what its binary needs, and whether it works on a bare machine of the oldest kind.
try_archive() {
  local archive folder="$WORK/bare-$OLDEST" binary
  archive=$(ls "$PACKAGES"/hallpass-*-linux-"$(dpkg --print-architecture)".tar.gz) || return
  say "$(basename "$archive"), on a bare $OLDEST"
  tar -xzf "$archive" -C "$WORK" && binary=$(echo "$WORK"/hallpass-*-linux-*/hallpass)
  check "the archive's binary needs no glibc after $OLDEST_GLIBC" old_glibc "$binary"
  check "it needs nothing but glibc and libgcc_s" few_libraries "$binary"
  bare "$OLDEST" "$folder" && cp "$archive" "$folder/hallpass.tar.gz" && cp tests/package/*.sh "$folder/" || return
  serve_metadata "$folder"
  count within "$folder" -- METADATA="https://localhost:$METADATA_PORT/sp.xml" bash /archive.sh
  rm -rf --one-file-system "$folder"
}

old_glibc() {
  local newest; newest=$(objdump -T "$1" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1)
  echo "$newest" && printf '%s\n' "${newest#GLIBC_}" "$OLDEST_GLIBC" | sort -V --check=quiet
}

few_libraries() {
  local needed; needed=$(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
  echo "$needed" && ! grep -vE '^(libc|libm|libdl|libpthread|librt|libgcc_s|ld-linux-.*)\.so\.[0-9]$' <<<"$needed"
}

# serve_metadata FOLDER: a server whose certificate only the CA in FOLDER/ca.pem vouches for, and its METADATA_PORT.
serve_metadata() {
  local tls="$WORK/tls"
  mkdir "$tls" && cp fixtures/sp/simplesamlphp.xml "$tls/sp.xml"
  (cd "$tls" && openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2>/dev/null && cp cert.pem "$1/ca.pem")
  (cd "$tls" && exec openssl s_server -accept 127.0.0.1:0 -key key.pem -cert cert.pem -WWW >log 2>&1) &
  SERVER=$!
  for _ in $(seq 50); do grep -q ^ACCEPT "$tls/log" 2>/dev/null && break; sleep 0.1; done
  METADATA_PORT=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$tls/log" | head -1)
}

# count COMMAND…: adds up the last line of a script in tests/package.
count() {
  local passed failed
  "$@" 2>&1 | tee "$WORK/tried" || true
  read -r passed failed < <(awk '/^tried: / { print $2, $4 }' "$WORK/tried")
  if [ -z "$passed" ]; then FAILED=$((FAILED + 1)) && echo "FAILED: it did not come to its end" && return; fi
  PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed))
}

# The units, with a program that is there.
verify_units() {
  local name unit
  for name in hallpass.service hallpass-backup.service hallpass-backup.timer; do
    sed "s|/usr/bin/hallpass|$(command -v true)|" "fixtures/package/$name" >"$WORK/$name"
  done
  say "hallpass.service, hallpass-backup.service, hallpass-backup.timer"
  for name in hallpass.service hallpass-backup.timer; do
    check "systemd understands every line of $name" verify "$WORK/$name"
  done
  for name in hallpass hallpass-backup; do
    unit="$WORK/$name.service"
    check "systemd-analyze security finds little exposed in $name" systemd-analyze security --offline=true --no-pager --threshold=20 "$unit"
  done
}

verify() {
  local words; words=$(systemd-analyze verify --man=no "$1" 2>&1) || { echo "$words" && return 1; }
  # Of other units on this machine it may say something.
  ! grep hallpass <<<"$words"
}

kinds=("$@")
case "$*" in
  '') kinds=(deb archive) ;;
  deb | archive | --all) ;;
  *) sed -n 's/^#   //p' "$0" && exit 2 ;;
esac

need_rust
need "${BUILD_PACKAGES[@]}" dpkg-dev binutils openssl systemd
! has_chroots || need debootstrap systemd-container
verify_units
for kind in "${kinds[@]}"; do
  began=$SECONDS
  case "$kind" in
    deb) bash fixtures/package/build.sh deb && try_deb "$THIS" ;;
    archive)
      if has_chroots; then build_within "$OLDEST" archive && try_archive; else say "archive: not built (no chroot can be made here)"; fi ;;
    --all)
      for suite in "${DEBIANS[@]}"; do build_within "$suite" deb && try_deb "$suite"; done
      build_within "$OLDEST" archive && try_archive ;;
  esac
  echo "$kind: $((SECONDS - began)) s"
done

say "packages"
(cd "$PACKAGES" && sha256sum hallpass* >SHA256SUMS && cat SHA256SUMS && ls -lh hallpass*)
printf 'test result: %s. %s passed; %s failed;\n' "$([ "$FAILED" = 0 ] && echo ok || echo FAILED)" "$PASSED" "$FAILED"
[ "$FAILED" = 0 ]
