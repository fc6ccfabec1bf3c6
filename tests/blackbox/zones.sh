# A zone file that is replaced under a running daemon, as an upgrade of tzdata does.
if [ "${1-}" != inside ]; then
	if [ "$(id -u)" -ne 0 ] || ! unshare --mount true 2> /dev/null; then
		echo '1..0 # SKIP needs root, to see other zone files in a mount namespace'
		exit 0
	fi
	exec unshare --mount "${SHELL:-/bin/sh}" "$0" inside
fi
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
zones=$dir/zones
cp -r /usr/share/zoneinfo "$zones" && mount --bind "$zones" /usr/share/zoneinfo || exit 1
daemon_start || exit 1

asched add --name berlin --tz Europe/Berlin '0 12 * * *' -- true > /dev/null 2>&1
asched add --name tokyo --tz Asia/Tokyo '0 12 * * *' -- true > /dev/null 2>&1
hour_of() {
	asched --json --utc list "$1" | json_value next_due_us | awk '{ print int($1 / 3600000000) % 24 }'
}
has 'noon in Berlin is at 10 or 11 UTC' "|$(hour_of berlin)|" '|10|11|'
cp "$zones/America/New_York" "$zones/Europe/.new"
mv "$zones/Europe/.new" "$zones/Europe/Berlin"
is_moved() {
	case $(hour_of berlin) in
	16 | 17) return 0 ;;
	esac
	return 1
}
within 20 is_moved
ok $? 'a replaced zone moves the jobs in it, without being asked'
has 'and it is in the log' 'a time zone was replaced' "$(cat "$dir/log")"
has 'with its name' 'Europe/Berlin' "$(grep replaced "$dir/log")"
is 'the others stay' 3 "$(hour_of tokyo)"

asched add --name rome --tz Europe/Rome '* * * * * *' -- true > /dev/null 2>&1
rm "$zones/Europe/Rome"
is_parked() {
	asched --json list rome | grep -q '"state":"paused"'
}
within 20 is_parked
ok $? 'a job whose zone is gone is parked'
has 'the log says why' 'warning: run did not start' "$(grep Europe/Rome "$dir/log" | tail -n 1)"
has 'and show, with its schedule' 'the zone "Europe/Rome" is unknown' "$(asched show rome)"
daemon_stop TERM
umount /usr/share/zoneinfo
finish
