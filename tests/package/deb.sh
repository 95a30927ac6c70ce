#!/usr/bin/env bash
# On a bare machine, as root: installs /hallpass.deb, runs it, and takes it away again.
# shellcheck source=tests/package/checks.sh
. /checks.sh

PACKAGE=/hallpass.deb DATA=/var/lib/hallpass BACKUPS=/var/backups/hallpass CONFIGURATION=/etc/hallpass/hallpass.toml
as_hallpass() { setpriv --reuid=hallpass --regid=hallpass --init-groups -- "$@"; }
serve() { exec setpriv --reuid=hallpass --regid=hallpass --init-groups -- env HALLPASS_LISTEN=127.0.0.1:0 hallpass serve; }
add_anna() { printf 'correct horse battery staple\n' | hallpass user add anna@example.com --first-name Anna --password-stdin; }
setting() { as_hallpass hallpass config check | grep "^$1 "; }
# reinstall: what an upgrade does; no question may be asked.
reinstall() { dpkg -i "$PACKAGE" </dev/null; }
gone() { ! "$@" >/dev/null 2>&1; }

apt-get update -qq
check "it installs, with all that it needs" apt-get install -y -qq --no-install-recommends "$PACKAGE"
check "the first installation says what to do next" said "set base_url in $CONFIGURATION"
check "the user is one of the system's, without a shell" contains ":$DATA:/usr/sbin/nologin" getent passwd hallpass
check "the data belongs to that user alone" equal "700 hallpass:hallpass" stat -c "%a %U:%G" "$DATA"
check "the configuration is read by that user, and written by root" equal "640 root:hallpass" stat -c "%a %U:%G" "$CONFIGURATION"
check "the program belongs to root" equal "755 root:root" stat -c "%a %U:%G" /usr/bin/hallpass
check "the version names the package" contains "(debian" hallpass --version
check "every command has a man page" test -s /usr/share/man/man1/hallpass-user-add.1.gz
check "bash completes" bash -n /usr/share/bash-completion/completions/hallpass
check "zsh completes" grep -q '^#compdef hallpass' /usr/share/zsh/vendor-completions/_hallpass
check "fish completes" grep -q 'complete -c hallpass' /usr/share/fish/vendor_completions.d/hallpass.fish
check "the backups belong to that user alone" equal "700 hallpass:hallpass" stat -c "%a %U:%G" "$BACKUPS"
check "the unit is enabled" test -L /etc/systemd/system/multi-user.target.wants/hallpass.service
check "the configuration is good" contains "can be used" as_hallpass hallpass config check
check "it listens on this machine alone" contains "127.0.0.1:8080" setting listen
check "the configuration is found" contains "$DATA" setting data_dir
check "it starts" start serve
check "the log names the build" grep -qF "(debian" /tmp/daemon.log
check "it is ready" ready
check "root adds a person beside it" add_anna
check "and is told as whom" said "runs as hallpass, the owner of $DATA"
check "no file of the data became root's" equal "" find "$DATA" ! -user hallpass
check "it stops" stop

printf 'four words make a passphrase\n' >/tmp/passphrase
back_up() { hallpass backup "$BACKUPS" --passphrase-stdin </tmp/passphrase; }
restored() {
  rm -r "$DATA" && install -d -o hallpass -g hallpass -m 700 "$DATA" &&
    hallpass restore "$BACKUPS"/hallpass-*.age --passphrase-stdin </tmp/passphrase && hallpass user list | grep -F anna@example.com
}
check "root makes a backup" back_up
check "it belongs to the service" equal "600 hallpass:hallpass" stat -c "%a %U:%G" "$BACKUPS"/hallpass-*.age
check "it is restored" restored

echo 'organisation = "Fernweh Instruments"' >/tmp/line
sed -i "/^data_dir/r /tmp/line" "$CONFIGURATION"
check "it upgrades" reinstall
check "the edited configuration is kept" grep -q "Fernweh Instruments" "$CONFIGURATION"
check "its mode is kept" equal "640 root:hallpass" stat -c "%a %U:%G" "$CONFIGURATION"
check "the people are kept" contains anna@example.com hallpass user list
check "the next start works too" start serve
check "it is ready after the upgrade" ready
check "it stops after the upgrade" stop

check "it is removed" dpkg --remove hallpass
check "the program is gone" gone test -e /usr/bin/hallpass
check "the configuration stays" test -f "$CONFIGURATION"
check "the data stays" test -f "$DATA/hallpass.db"
check "it comes back" reinstall
check "with its people" contains anna@example.com hallpass user list

check "it is purged" dpkg --purge hallpass
check "the purge says that the data is kept" said "rm -r $DATA"
check "the configuration is gone" gone test -e /etc/hallpass
check "the user is gone" gone getent passwd hallpass
check "the group is gone" gone getent group hallpass
check "the data is kept, and root's alone" equal "700 root:root" stat -c "%a %U:%G" "$DATA"
check "no file of it belongs to a number" equal "" find "$DATA" -nouser
check "it is installed again" reinstall
check "and has its people" contains anna@example.com hallpass user list
rm -r "$DATA" "$BACKUPS"
check "a purge without data" dpkg --purge hallpass
check "leaves nothing" gone test -e "$DATA"
finish
