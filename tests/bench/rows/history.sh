# What 5,000,000 runs of history cost: claims (the daemon's CPU time for each run of a stampede) and
# adds (wall-clock time), against an empty ledger. BENCH_HISTORY is another number of runs.
. "$ASCHED_SOURCE/tests/bench/lib.sh"
history=${BENCH_HISTORY-5000000} njobs=1000 runs=3000
job='{"cron":"30 4 1 1 *","command":["/bin/true"]}'

printf '[daemon]\nretain = 0\nretain-runs = 0\n' > "$dir/conf"

# measure NAME: adds and claims of the ledger in $dir/d.
measure() {
	daemon_start --config "$dir/conf" || exit 1
	for i in 1 2 3; do
		"$bench/client" add 20000 1000 "$job" | fact per_second
	done | median > "$dir/adds.$1"
	pid=$(daemon_pid_now)
	before=$(cpu_ticks "$pid")
	at=$(in_seconds "$STAMPEDE_LEAD")
	"$bench/client" add "$runs" 1000 "{\"at\":\"$at\",\"command\":[\"/bin/true\"]}" > "$dir/out"
	added=$(cpu_ticks "$pid")
	"$bench/client" wait 120 jobs $((njobs + 60000)) && at_rest 120 || exit 1
	calc "($(cpu_ticks "$pid") - $added) * 10000 / $runs" > "$dir/claims.$1"
	stop_daemon
}

new_daemon
"$bench/client" add "$njobs" 1000 "$job" > "$dir/out" || exit 1
stop_daemon
cp -r "$dir/d" "$dir/empty"
"$bench/ledger" history "$dir/d/asched.db" "$history" || exit 1
measure full
rm -r "$dir/d"
mv "$dir/empty" "$dir/d"
measure empty
report "history of $history: claim to end, CPU a run" "$(cat "$dir/claims.full")" us \
	"$(cat "$dir/claims.empty")" '<=' 1.2
report "history of $history: an add in a batch" "$(calc "1e6 / $(cat "$dir/adds.full")")" us \
	"$(calc "1e6 / $(cat "$dir/adds.empty")")" '<=' 1.2
