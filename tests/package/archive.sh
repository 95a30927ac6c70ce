#!/usr/bin/env bash
# On a bare machine with an old glibc, as root: unpacks /hallpass.tar.gz and runs what is in it. METADATA is an address
# whose certificate /ca.pem vouches for.
# shellcheck source=tests/package/checks.sh
. /checks.sh

FOLDER=/opt/hallpass DATA=/var/lib/hallpass
echo '127.0.0.1 localhost' >>/etc/hosts
mkdir "$FOLDER" && tar -xzf /hallpass.tar.gz -C "$FOLDER" --strip-components=1
useradd --system --home-dir "$DATA" hallpass && install -d -o hallpass -g hallpass -m 700 "$DATA"
as_hallpass() {
  setpriv --reuid=hallpass --regid=hallpass --init-groups -- env HALLPASS_DATA_DIR="$DATA" HALLPASS_LISTEN=127.0.0.1:0 \
    HALLPASS_METADATA_ALLOW_PRIVATE_NETWORKS=127.0.0.0/8 "$FOLDER/hallpass" "$@"
}
serve() {
  exec setpriv --reuid=hallpass --regid=hallpass --init-groups -- env HALLPASS_DATA_DIR="$DATA" HALLPASS_LISTEN=127.0.0.1:0 \
    "$FOLDER/hallpass" serve
}
add_anna() { printf 'correct horse battery staple\n' | as_hallpass user add anna@example.com --first-name Anna --password-stdin; }
all_found() { ! ldd "$FOLDER/hallpass" | grep "not found"; }
refused() {
  local words
  if words=$(as_hallpass app add saml --metadata "$METADATA" 2>&1); then echo "$words" && return 1; fi
  grep -qi certificate <<<"$words" || { echo "$words" && return 1; }
}

check "every library is found" all_found
check "the version names the archive" contains "(portable" as_hallpass --version
check "documentation, licences, unit and configuration are there" \
  ls "$FOLDER"/{README.md,LICENSE,third-party-licences.txt,docs/configuration.md,hallpass.service,hallpass.toml,man/hallpass.1,completions/hallpass.bash}
check "the configuration is good" contains "can be used" "$FOLDER/hallpass" --config "$FOLDER/hallpass.toml" config check
check "it starts" start serve
check "the log names the build" grep -qF "(portable" /tmp/daemon.log
check "it is ready" ready
check "a person is added beside it" add_anna
check "an unknown CA is refused" refused
mkdir -p /etc/ssl/certs && cp /ca.pem /etc/ssl/certs/ca-certificates.crt
check "the CA certificates of the system are found" as_hallpass app add saml --metadata "$METADATA"
check "it stops" stop
finish
