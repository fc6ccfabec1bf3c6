# HTTP runs due in the same second against a server on loopback, all recorded, against a bare loop
# over libcurl that does nothing else, with as many in flight; and against one that keeps the least
# record of each in SQLite. Three rounds in turn; medians.
. "$ASCHED_SOURCE/tests/bench/lib.sh"
runs=10000 in_flight=64

"$ASCHED_BUILD/tests/fake/badhttp" > "$dir/port" &
server=$!
trap 'kill $server; clean_up' EXIT
within 5 test -s "$dir/port" || exit 1

# one_round: adds facts to $dir/bare and $dir/ours.
one_round() {
	"$bench/http" "$runs" "$in_flight" >> "$dir/bare" || exit 1
	new_daemon
	stampede "$runs" "\"url\":\"http://127.0.0.1:$(cat "$dir/port")/ok\"" || exit 1
	stop_daemon
	"$bench/ledger" runs "$dir/d/asched.db" > "$dir/runs" || exit 1
	[ "$(fact succeeded < "$dir/runs")" -eq "$runs" ] ||
		diag "not all succeeded: $(cat "$dir/runs")"
	printf 'rate %s\n' "$(calc "$runs / $(fact seconds < "$dir/runs")")" >> "$dir/ours"
}

for round in 1 2 3; do
	one_round
done
bare=$(fact bare_kept < "$dir/bare" | median)
report 'HTTP runs, and a bare curl loop' "$(fact rate < "$dir/ours" | median)" /s "$bare" '>=' 0.5
recorded=$(fact recorded < "$dir/bare" | median)
report 'HTTP runs, and a loop that records' "$(fact rate < "$dir/ours" | median)" /s "$recorded" '>=' -
report 'HTTP: a loop that records, and the bare one' "$recorded" /s "$bare" '>=' -
report 'HTTP: the runner alone, and a bare curl loop' "$(fact runner_kept < "$dir/bare" | median)" /s "$bare" '>=' -
