# The tools of `make bench` that write ledgers by themselves fit the schema: what they make is whole.
. "$ASCHED_SOURCE/tests/blackbox/lib.sh"
ledger=$ASCHED_BUILD/tests/bench/ledger
[ -x "$ledger" ] || skip_all 'tests/bench/ledger is not built'

daemon_start || exit 1
asched add --quiet --cron '30 4 1 1 *' -- /bin/true > /dev/null
daemon_stop TERM
cp "$dir/d/asched.db" "$dir/one.db"
succeeds 'a job becomes 50 jobs' "$ledger" jobs "$dir/d/asched.db" 50
succeeds 'they get 200 runs' "$ledger" history "$dir/d/asched.db" 200
daemon_start || exit 1
is 'the daemon lists the jobs' 50 "$(asched --json list --limit 100 | grep -c '"id":')"
is 'and their runs' 200 "$(asched --json runs --limit 500 | grep -c '"job_id":')"
daemon_stop TERM
mv "$dir/d" "$dir/many"
daemon_start || exit 1
daemon_stop TERM
succeeds 'jobs are copied row by row' "$ledger" copy "$dir/one.db" "$dir/d/asched.db" 1
daemon_start || exit 1
is 'and the daemon has them' 1 "$(asched --json list | grep -c '"id":')"
finish
