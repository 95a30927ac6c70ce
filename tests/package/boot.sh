#!/usr/bin/env bash
# In a container that has booted, with a network of its own: the service as a first installation leaves it, and /hallpass.deb.
# shellcheck source=tests/package/checks.sh
. /checks.sh

PORT=8080
add_anna() { printf 'correct horse battery staple\n' | hallpass user add anna@example.com --first-name Anna --password-stdin; }
active() { contains active systemctl is-active hallpass; }
gone() { ! "$@" >/dev/null 2>&1; }
main_pid() { systemctl show --property MainPID --value hallpass; }
# Needs no procps.
processes() { grep -lx hallpass /proc/[0-9]*/comm 2>/dev/null; }
# The listeners of all addresses but 127.0.0.1, as /proc writes them; 0A is LISTEN.
others_listen() { awk '$4 == "0A" && $2 !~ /^0100007F:/ { print $2 }' /proc/net/tcp /proc/net/tcp6; }

systemctl start hallpass
touch /tmp/daemon.log
check "systemd starts it, closed as it is" active
check "it is ready" ready
check "no other machine can reach it" equal "" others_listen
check "a person is added beside it" add_anna
check "it reloads" systemctl reload hallpass
check "and goes on" active
sed -i '1i nonsense = 1' /etc/hallpass/hallpass.toml
check "a file with a mistake is refused at the reload" gone systemctl reload hallpass
sed -i 1d /etc/hallpass/hallpass.toml
check "and the service goes on" active
before=$(main_pid)
check "it upgrades" dpkg -i /hallpass.deb
check "the upgrade starts it again" active
check "as another process" test "$(main_pid)" != "$before"
check "it is ready after the upgrade" ready
check "it stops in good order" systemctl stop hallpass
check "and says so" contains "Deactivated successfully" journalctl --unit hallpass --no-pager
printf 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n' >/etc/hallpass/backup-recipients
check "a backup is made by its unit" systemctl start hallpass-backup
check "and is there" test -s "$(echo /var/backups/hallpass/hallpass-*.age)"
check "its timer can be enabled" systemctl enable --now hallpass-backup.timer
systemctl start hallpass
check "it is removed" dpkg --remove hallpass
check "and runs no longer" equal "" processes
[ "$FAILED" = 0 ] || journalctl --unit hallpass --no-pager | tail -20
finish
