# A million schedules in the ledger: memory, time until the daemon serves, first page of the list.
. "$ASCHED_SOURCE/tests/bench/lib.sh"
njobs=1000000

new_daemon
asched add --cron '*/5 9-17 * * 1-5' -- /usr/bin/backup --all > /dev/null 2>&1
stop_daemon
"$bench/ledger" jobs "$dir/d/asched.db" "$njobs" || exit 1

# The database of the first start is new to the page cache: the median of five counts.
for i in 1 2 3 4 5; do
	began=$(date +%s%N)
	"$ASCHED_BUILD/aschedd" --private "$dir/d" >> "$dir/log" 2>&1 < /dev/null &
	daemon_pid=$!
	"$bench/client" wait 20 jobs "$njobs" || exit 1
	calc "($(date +%s%N) - $began) / 1e6" >> "$dir/ready"
	"$bench/client" ask 1 0 job.list '{}' | fact max_us >> "$dir/list"
	"$bench/client" run 1 "$ASCHED_BUILD/asched" list --limit 50 > "$dir/out" 2> "$dir/err"
	fact max_us < "$dir/out" >> "$dir/command"
	asched --json status | json_value rss_kib >> "$dir/rss"
	[ $i = 5 ] || stop_daemon
done
report '1,000,000 schedules: resident memory' "$(calc "$(median < "$dir/rss") / 1024")" MiB - '<=' 32
report '1,000,000 schedules: ready' "$(median < "$dir/ready")" ms - '<=' 300
report '1,000,000 schedules: first page of job.list' "$(calc "$(median < "$dir/list") / 1000")" ms - '<=' 50
report '1,000,000 schedules: asched list --limit 50' "$(calc "$(median < "$dir/command") / 1000")" ms - '<=' 50
