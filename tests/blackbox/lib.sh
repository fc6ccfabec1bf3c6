# What black-box tests share; a test sources it first and ends with `finish`. Output is TAP. Each
# test has a directory of its own in $dir and at most one daemon, both gone when it ends.
set -u
: "${ASCHED_BUILD:?the build directory}" "${ASCHED_SOURCE:?the source directory}"
umask 022
LC_ALL=C.UTF-8 TZ=UTC
export LC_ALL TZ
unset XDG_RUNTIME_DIR XDG_STATE_HOME ASCHED_SOCKET NO_COLOR COLUMNS

dir=$(mktemp -d "${TMPDIR:-/tmp}/asched-test.XXXXXX")
ntests=0
daemon_pid=
ASCHED_SOCKET=$dir/d/socket
export ASCHED_SOCKET

asched() {
	"$ASCHED_BUILD/asched" "$@"
}

clean_up() {
	daemon_stop TERM
	chmod -R u+rwX "$dir"
	rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

# diag TEXT: a comment in the protocol, of any number of lines.
diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# ok STATUS SENTENCE: one test.
ok() {
	ntests=$((ntests + 1))
	name=$(printf '%s' "$2" | sed "s,$dir/,,g" | tr -cd '[:print:]' | tr '#' ' ')
	if [ "$1" -eq 0 ]; then
		echo "ok $ntests - $name"
	else
		echo "not ok $ntests - $name"
	fi
	return "$1"
}

skip() {
	ntests=$((ntests + 1))
	echo "ok $ntests - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

finish() {
	echo "1..$ntests"
	exit 0
}

# is SENTENCE WANTED GOT
is() {
	[ "$2" = "$3" ]
	ok $? "$1" || { diag "wanted: $2"; diag "got:    $3"; }
}

# has SENTENCE PART TEXT
has() {
	case $3 in
	*"$2"*) ok 0 "$1" ;;
	*) ok 1 "$1"; diag "no \"$2\" in: $3" ;;
	esac
}

# succeeds SENTENCE COMMAND...: its output becomes comments when it fails.
succeeds() {
	sentence=$1
	shift
	"$@" > "$dir/out" 2>&1
	ok $? "$sentence" || diag "$(cat "$dir/out")"
}

# fails_with CODE PART COMMAND...: exit code, and a part of what it says on stderr.
fails_with() {
	code=$1 part=$2
	shift 2
	"$@" > "$dir/out" 2> "$dir/err" < /dev/null
	got=$?
	if [ "$got" -ne "$code" ]; then
		ok 1 "$* exits with $code"
		diag "it exited with $got: $(cat "$dir/err")"
	else
		has "$* says: $part" "$part" "$(cat "$dir/err")"
	fi
}

now_ms() {
	date +%s%3N
}

# within SECONDS COMMAND...: tries until the command succeeds; false when that takes too long.
within() {
	deadline=$(($(now_ms) + $1 * 1000))
	shift
	until "$@" > /dev/null 2>&1; do
		[ "$(now_ms)" -lt "$deadline" ] || return 1
		sleep 0.02
	done
}

# daemon_start [OPTIONS]: starts one in $dir/d and waits until it serves.
daemon_start() {
	[ -x "$ASCHED_BUILD/aschedd" ] || skip_all 'aschedd is not built'
	"$ASCHED_BUILD/aschedd" --private "$dir/d" "$@" >> "$dir/log" 2>&1 < /dev/null &
	daemon_pid=$!
	within 20 asched status && return 0
	diag "the daemon does not serve: $(tail -20 "$dir/log")"
	return 1
}

# daemon_stop SIGNAL: the spawner gets it; everything is gone afterwards.
daemon_stop() {
	[ -n "$daemon_pid" ] || return 0
	kill -"$1" "$daemon_pid" 2> /dev/null
	( sleep 20; kill -KILL "$daemon_pid" 2> /dev/null ) > /dev/null 2>&1 &
	guard=$!
	wait "$daemon_pid"
	status=$?
	kill -KILL "$guard" 2> /dev/null # if it has not got rid of our traps yet, TERM would clean up here
	wait "$guard" 2> /dev/null
	daemon_pid=
	return $status
}

# json_value KEY: the first value of that key in the JSON on stdin, as plain text.
json_value() {
	grep -o "\"$1\": *\(\"[^\"]*\"\|[^,} ]*\)" | head -n 1 | sed 's/^[^:]*: *//; s/^"//; s/"$//'
}

# run_count JOB STATE: how many runs of the job are in that state.
run_count() {
	asched --json runs "$1" --limit 0 | grep -c "\"state\":\"$2\""
}

# has_run JOB STATE, has_runs JOB STATE N: has it (N) runs in that state?
has_runs() {
	[ "$(run_count "$1" "$2")" -ge "$3" ]
}

has_run() {
	has_runs "$1" "$2" 1
}

# daemon_pid_now: the pid of the daemon proper, a child of the spawner in $daemon_pid.
daemon_pid_now() {
	for child in $(cat "/proc/$daemon_pid/task/$daemon_pid/children" 2> /dev/null); do
		[ "$(cat "/proc/$child/comm" 2> /dev/null)" != aschedd ] || echo "$child"
	done
}
