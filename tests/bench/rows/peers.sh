# What users would pick instead, doing the same work, where it is installed: the same number of jobs,
# as durable. The bare column is the peer.
. "$ASCHED_SOURCE/tests/bench/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
job='{"at":"2100-01-01T00:00:00Z","command":["/usr/bin/backup","--all"]}'
peer_pid=

trap '[ -z "$peer_pid" ] || kill $peer_pid; clean_up' EXIT

# ours N BATCH: asched's adds a second.
ours() {
	new_daemon
	"$bench/client" add "$1" "$2" "$job" | fact per_second
	stop_daemon >&2
}

# free_port: one that nobody listens at, asked of a server that then goes away.
free_port() {
	"$ASCHED_BUILD/tests/fake/badhttp" > "$dir/port" &
	within 5 test -s "$dir/port"
	kill $!
	cat "$dir/port"
}

beanstalkd_puts() {
	port=$(free_port)
	rm -rf "$dir/binlog"
	mkdir "$dir/binlog"
	beanstalkd -l 127.0.0.1 -p "$port" -b "$dir/binlog" -f0 > "$dir/err" 2>&1 &
	peer_pid=$!
	"$bench/beanstalk" "$port" "$1" "$2" | fact per_second > "$dir/peer"
	kill "$peer_pid"
	wait "$peer_pid" 2> /dev/null
	peer_pid=
	report "$3" "$(ours "$1" "$2")" /s "$(cat "$dir/peer")" '>=' 1
}

if command -v beanstalkd > /dev/null; then
	beanstalkd_puts 50000 1000 'adds in batches of 1,000, and beanstalkd -f0'
	beanstalkd_puts 5000 1 'adds one at a time, and beanstalkd -f0'
else
	skipped 'adds, and beanstalkd -f0' 'beanstalkd is not installed'
fi

python=${PYTHON-/usr/bin/python3}
if "$python" -c 'import apscheduler.schedulers.background, sqlalchemy' 2> /dev/null; then
	"$python" "$ASCHED_SOURCE/tests/bench/peer_apscheduler.py" "$dir/aps.db" 1000 > "$dir/peer" || exit 1
	report 'adds one at a time, and APScheduler' "$(ours 5000 1)" /s "$(fact per_second < "$dir/peer")" '>=' 1
else
	skipped 'adds one at a time, and APScheduler' 'python3-apscheduler is not installed'
fi

# has_stamps N: so many jobs have run and said how late they were.
has_stamps() {
	[ -e "$dir/stamps" ] && [ "$(wc -l < "$dir/stamps")" -ge "$1" ]
}

# compare_stampedes N PEER: N jobs of ours beside those that PEER has run, by their stamps.
compare_stampedes() {
	head -n "$1" "$dir/stamps" | sort -n > "$dir/late"
	new_daemon
	stampede "$1" "\"command\":[\"$bench/stamp\",\"$dir/ours\",\"60000000\"]" || exit 1
	stop_daemon
	"$bench/ledger" runs "$dir/d/asched.db" > "$dir/runs"
	report "stampede of $1 runs, and $2" "$(calc "$1 / $(fact seconds < "$dir/runs")")" /s \
		"$(calc "$1 * 1000000 / $(tail -n 1 "$dir/late")")" '>=' 1
	report "its first run is late by, and that of $2" "$(fact late_min_us < "$dir/runs")" us \
		"$(head -n 1 "$dir/late")" '<=' 1
}

# cron, in a mount namespace where nothing but our table is to be seen: 2,000 lines due each minute.
cron_runs=2000
cron_here() {
	[ "$(id -u)" = 0 ] && command -v cron > /dev/null && unshare -m true 2> /dev/null
}

cron_stampede() {
	mkdir -p "$dir/crontabs"
	awk -v n="$cron_runs" -v stamp="$bench/stamp $dir/stamps 60000000" \
		'BEGIN { while (n--) print "* * * * * " stamp }' > "$dir/crontabs/root"
	chmod 600 "$dir/crontabs/root"
	# shellcheck disable=SC2016 # $0 is the inner shell's
	unshare -m sh -c 'mount -t tmpfs none /var/spool && mkdir -p /var/spool/cron/crontabs &&
		mount --bind "$0" /var/spool/cron/crontabs && mount -t tmpfs none /run &&
		{ [ ! -d /etc/cron.d ] || mount -t tmpfs none /etc/cron.d; } &&
		{ [ ! -e /etc/crontab ] || mount --bind /dev/null /etc/crontab; } &&
		exec cron -f' "$dir/crontabs" > "$dir/err" 2>&1 &
	peer_pid=$!
	within 120 has_stamps "$cron_runs" || diag "cron ran $(wc -l < "$dir/stamps") lines: $(cat "$dir/err")"
	kill "$peer_pid"
	wait "$peer_pid" 2> /dev/null
	peer_pid=
}

if cron_here; then
	cron_stampede
	compare_stampedes "$cron_runs" cron
else
	skipped 'stampede of 2,000 runs, and cron' 'cron is not installed, or we are not root'
fi

# atd, in a mount namespace with a spool of its own: jobs of the same minute, as cron's.
at_runs=500
at_here() {
	[ "$(id -u)" = 0 ] && command -v atd > /dev/null && unshare -m true 2> /dev/null
}

at_stampede() {
	echo "$bench/stamp $dir/stamps 60000000" > "$dir/at_job"
	rm -f "$dir/stamps"
	due=$(date -d "@$((($(date +%s) + 90) / 60 * 60))" +%Y%m%d%H%M) # in half a minute or later
	# shellcheck disable=SC2016 # they are the inner shell's
	unshare -m sh -c 'mount -t tmpfs none /var/spool && mount -t tmpfs none /run &&
		cd /var/spool && mkdir -p cron/atjobs cron/atspool && touch cron/atjobs/.SEQ &&
		chown -R daemon:daemon cron/at* && chmod 1770 cron/at* && chmod 600 cron/atjobs/.SEQ &&
		{ "$0/client" run "$1" at -M -f "$2/at_job" -t "$3" > "$2/at_adds" 2> "$2/at_err" &
		exec atd -f; }' "$bench" "$at_runs" "$dir" "$due" > "$dir/err" 2>&1 &
	peer_pid=$!
	within 150 has_stamps "$at_runs" ||
		diag "atd ran $(wc -l < "$dir/stamps") jobs: $(cat "$dir/err" "$dir/at_err")"
	kill "$peer_pid"
	wait "$peer_pid" 2> /dev/null
	peer_pid=
}

if at_here; then
	at_stampede
	new_daemon
	"$bench/client" run "$at_runs" "$ASCHED_BUILD/asched" add --quiet --in 1d -- /bin/true > "$dir/adds" || exit 1
	stop_daemon
	report 'adding by a process, p50, and at' "$(fact p50_us < "$dir/adds")" us \
		"$(fact p50_us < "$dir/at_adds")" '<=' -
	compare_stampedes "$at_runs" atd
else
	skipped 'stampede of 500 runs, and atd' 'at is not installed, or we are not root'
fi
