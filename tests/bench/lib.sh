# What the rows of `make bench` share. A row is a script of its own: it sources this, measures, and
# calls report for each line of the table. Its daemon and directory are those of a black-box test.
. "$ASCHED_SOURCE/tests/blackbox/lib.sh"

bench=$ASCHED_BUILD/tests/bench
STAMPEDE_LEAD=5 # seconds in which all its jobs have to be added

# fact NAME: its value from lines of `NAME VALUE` on stdin.
fact() {
	awk -v name="$1" '$1 == name { print $2 }'
}

# calc EXPRESSION: awk's.
calc() {
	awk "BEGIN { printf \"%.6g\n\", $1 }"
}

# median: of the numbers on stdin.
median() {
	sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# report WHAT VALUE UNIT BARE OP GOAL: a line of the table. With a bare limit, VALUE / BARE is held
# against the goal, without one (-) VALUE. OP is >= or <=; a goal of - is none.
report() {
	awk -v what="$1" -v value="$2" -v unit="$3" -v bare="$4" -v op="$5" -v goal="$6" '
	function number(x) {
		return x == "-" ? x : sprintf(x >= 100 || x == int(x) ? "%.0f" : "%.3g", x)
	}
	BEGIN {
		held = bare == "-" ? value : value / bare
		ok = goal == "-" ? "-" : (op == ">=" ? held >= goal : held <= goal) ? "yes" : "NO"
		printf "%-46s %9s %-6s %9s %6s  %-12s %s\n", what, number(value), unit, number(bare),
			bare == "-" ? "-" : sprintf("%.2f", held),
			goal == "-" ? "-" : op " " goal, ok
	}'
}

skipped() {
	printf '%-46s skipped: %s\n' "$1" "$2"
}

# in_seconds N: an instant as --at takes it.
in_seconds() {
	date -u -d "@$(($(date +%s) + $1))" +%Y-%m-%dT%H:%M:%SZ
}

# at_rest SECONDS: waits until nothing waits and nothing runs.
at_rest() {
	"$bench/client" wait "$1" runs_waiting 0 && "$bench/client" wait "$1" runs_running 0
}

# stop_daemon: nothing may run any more; its ledger is $dir/d/asched.db.
stop_daemon() {
	daemon_stop TERM || diag "the daemon's exit status is $?: $(tail -5 "$dir/log")"
}

# new_daemon [OPTIONS]: one with an empty ledger, or the row ends.
new_daemon() {
	rm -rf "$dir/d"
	daemon_start "$@" || exit 1
}

# cpu_ticks PID: of CPU time that the process has used, 100 a second.
cpu_ticks() {
	awk '{ sub(/^.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"
}

# stampede N FIELDS: N jobs of these fields in the same second, run to their end.
stampede() {
	"$bench/client" add "$1" 1000 "{\"at\":\"$(in_seconds "$STAMPEDE_LEAD")\",$2}" > /dev/null &&
		"$bench/client" wait 120 jobs 0 && at_rest 120
}
