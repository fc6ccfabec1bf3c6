# 10,000 runs of /bin/true due in the same second, all recorded, against bare loops that do nothing
# else, with as many in flight as the default queue has slots.
. "$ASCHED_SOURCE/tests/bench/lib.sh"
runs=10000 in_flight=64

"$bench/spawn" "$runs" "$in_flight" > "$dir/bare" 2> "$dir/err" || exit 1
new_daemon
stampede "$runs" '"command":["/bin/true"]' || exit 1
lag=$("$ASCHED_BUILD/asched" --json status | tr -d '\n ' | sed 's/.*"loop_lag_us":{//' |
	tr '}' '\n' | json_value p99)
stop_daemon
"$bench/ledger" runs "$dir/d/asched.db" > "$dir/runs"
[ "$(fact succeeded < "$dir/runs")" -eq "$runs" ] || diag "not all succeeded: $(cat "$dir/runs")"
rate=$(calc "$runs / $(fact seconds < "$dir/runs")")
report 'stampede: runs, and bare fork, same set-up' "$rate" /s "$(fact same_set_up < "$dir/bare")" '>=' 0.8
report 'stampede: runs, and bare posix_spawn' "$rate" /s "$(fact posix_spawn < "$dir/bare")" '>=' 0.55
report 'stampede: the spawner alone, and bare fork' "$(fact spawner < "$dir/bare")" /s \
	"$(fact same_set_up < "$dir/bare")" '>=' -
report 'stampede: loop lag p99 at its end' "$(calc "$lag / 1000")" ms - '<=' 10
