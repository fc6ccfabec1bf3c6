# The parent of all is killed: the daemon ends, the runs go on without anybody. The next start waits for
# what still lives, tells that it is out of reach, and calls it lost when it has ended; nothing runs
# twice that may run once, and what may run again does so only then.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
nruns=${ASCHED_TEST_RUNS:-20}
[ -z "${ASCHED_TEST_SHORT-}" ] || nruns=5
daemon_start || exit 1
witness=$dir/witness
: > "$witness"
record="echo \"\$ASCHED_JOB \$ASCHED_DUE \$ASCHED_ATTEMPT\" >> '$witness'"
waits="until [ -e '$dir/go' ]; do sleep 0.1; done"

for i in $(seq "$nruns"); do
	asched add -q --name "once$i" '@yearly' --shell "$record; $waits" > /dev/null
	asched run "once$i" > /dev/null
done
asched add -q --name again '@yearly' --on-lost retry --shell "$record; $waits" > /dev/null
asched add -q --name kept 'every 1s' --shell "$record; $waits" > /dev/null
asched run again > /dev/null
within 10 has_run kept running
all_run() {
	[ "$(wc -l < "$witness")" = $((nruns + 2)) ] &&
		[ "$(asched --json runs --running --limit 0 | grep -c '"started_us":[0-9]')" = $((nruns + 2)) ]
}
within 20 all_run
ok $? 'runs are on record as started' || diag "$(asched runs)"

# The daemon has the lock as long as it lives, here a second longer than its parent.
old=$(daemon_pid_now)
is_gone() {
	! grep -qs '^State:.[^ZX]' "/proc/$old/status"
}
kill -STOP "$old"
kill -KILL "$daemon_pid"
wait "$daemon_pid" 2> /dev/null
{
	sleep 1
	kill -CONT "$old"
	within 1 is_gone && : > "$dir/gone"
} &
waiter=$!
daemon_start
ok $? 'the next one waits for the lock, and serves'
wait $waiter
within 20 asched status # the first answer may have been the old one's last
[ -e "$dir/gone" ]
ok $? 'without its parent a daemon is gone within a second'
succeeds 'and has said why' grep -q 'the spawner is gone' "$dir/log"
is 'what lives is running still' $((nruns + 2)) "$(asched --json runs --running --limit 0 | grep -c '"id"')"
within 10 has_run kept skipped
ok $? 'and nothing starts beside it' || diag "$(asched runs kept)"

run=$(asched --json runs once1 | json_value id)
fails_with 6 'out of reach' asched cancel --run "$run"
fails_with 6 'of the job is running' asched run once2
asched cancel --kill once3 > /dev/null
is 'nothing was started again' $((nruns + 2)) "$(wc -l < "$witness")"

asched pause kept > /dev/null
: > "$dir/go"
all_lost() {
	[ "$(asched --json runs --limit 0 | grep '"state":"lost"' | grep -c '"reason":"crash"')" = $((nruns + 1)) ]
}
within 10 all_lost
ok $? 'when they have ended they are lost, also those that were to be stopped' ||
	diag "$(asched runs --limit 0)"
within 10 has_run again succeeded
ok $? 'what may run again does' || diag "$(asched runs again)"
is 'in its second attempt, and nothing else twice' "again 2" \
	"$(cut -d ' ' -f 1,3 "$witness" | grep -v ' 1$')"
is 'the log tells of each' $((nruns + 1)) "$(grep -c 'state=lost reason=crash' "$dir/log")"
daemon_stop TERM
is 'the daemon ends well' 0 $?
finish
