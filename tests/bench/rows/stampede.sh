# 10,000 runs of /bin/true due in the same second, all recorded, against bare loops that do nothing
# else, with as many in flight as the default queue has slots. Three rounds in turn; medians.
. "$ASCHED_SOURCE/tests/bench/lib.sh"
runs=10000 in_flight=64

# one_round: adds facts to $dir/bare and $dir/ours.
one_round() {
	"$bench/spawn" "$((runs / 2))" "$in_flight" >> "$dir/bare" 2> "$dir/err" || exit 1
	new_daemon
	stampede "$runs" '"command":["/bin/true"]' || exit 1
	lag=$(asched --json status | tr -d '\n ' | sed 's/.*"loop_lag_us":{//' | tr '}' '\n' |
		json_value p99)
	stop_daemon
	"$bench/ledger" runs "$dir/d/asched.db" > "$dir/runs" || exit 1
	[ "$(fact succeeded < "$dir/runs")" -eq "$runs" ] ||
		diag "not all succeeded: $(cat "$dir/runs")"
	printf 'rate %s\nlag %s\n' "$(calc "$runs / $(fact seconds < "$dir/runs")")" "$lag" >> "$dir/ours"
}

for round in 1 2 3; do
	one_round
done
rate=$(fact rate < "$dir/ours" | median)
fork=$(fact same_set_up < "$dir/bare" | median)
report 'stampede: runs, and bare fork, same set-up' "$rate" /s "$fork" '>=' 0.8
report 'stampede: runs, and bare posix_spawn' "$rate" /s "$(fact posix_spawn < "$dir/bare" | median)" '>=' 0.55
report 'stampede: the spawner alone, and bare fork' "$(fact spawner < "$dir/bare" | median)" /s "$fork" '>=' -
report 'stampede: loop lag p99 at its end' "$(calc "$(fact lag < "$dir/ours" | median) / 1000")" ms - '<=' 10
