# How late runs start under light load (ten a second), by the ledger and by the child's own clock;
# and how often an idle daemon and its spawner wake up.
. "$ASCHED_SOURCE/tests/bench/lib.sh"
load_seconds=30 idle_seconds=60

# wake_ups: of all threads of the daemon and the spawner so far.
wake_ups() {
	cat /proc/"$daemon_pid"/task/*/status /proc/"$(daemon_pid_now)"/task/*/status |
		awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }'
}

# rank PERCENT: of the numbers on stdin.
rank() {
	sort -n | awk -v p="$1" '{ v[NR] = $1 } END { print v[int(NR * p / 100) + 1] / 1000 }'
}

new_daemon
asched add --quiet --name stamp --calendar '*:*:0/0.1' -- "$bench/stamp" "$dir/stamps" 100000 > "$dir/out" ||
	exit 1
sleep "$load_seconds"
asched cancel stamp 2> /dev/null
asched add --every 1d -- /bin/true > /dev/null 2>&1
sleep 5
before=$(wake_ups)
sleep "$idle_seconds"
awake=$(($(wake_ups) - before))
stop_daemon
"$bench/ledger" runs "$dir/d/asched.db" > "$dir/runs"
for p in 50 99; do
	late=$(calc "$(fact "late_p${p}_us" < "$dir/runs") / 1000")
	report "lateness p$p, due to exec" "$late" ms - '<=' "$([ $p = 50 ] && echo 1 || echo 5)"
done
report 'lateness p50, due to the child'\''s main()' "$(rank 50 < "$dir/stamps")" ms - '<=' -
report 'lateness p99, due to the child'\''s main()' "$(rank 99 < "$dir/stamps")" ms - '<=' -
report 'wake-ups of an idle daemon and its spawner' "$(calc "$awake * 60 / $idle_seconds")" /min - '<=' 1
