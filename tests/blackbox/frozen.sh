# The daemon, then the spawner, is stopped for a while and goes on. What was due meanwhile is as
# after downtime: nothing runs twice, the latest missed instant runs once, and no client waits for
# ever. ASCHED_TEST_FROZEN says for how many seconds; from 61 on instants count as missed.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
seconds=${ASCHED_TEST_FROZEN:-4}
daemon_start || exit 1
record="echo \"\$ASCHED_JOB \$ASCHED_DUE\" >> '$dir/witness'"
: > "$dir/witness"
asched add -q --name tick 'every 1s' --shell "$record" > /dev/null
asched add -q --name all 'every 1s' --missed all --missed-limit 1000 --shell "$record" > /dev/null
asched add -q --name long '@yearly' -- sleep 2 > /dev/null
within 10 has_run tick succeeded
ok $? 'jobs run'

freeze() {
	kill -STOP "$1"
	sleep "$seconds"
	kill -CONT "$1"
}

# Instants and rows up to the next due: each exactly one.
covered() {
	asched --json runs "$1" --limit 0 | grep -o '"count":[0-9]*' | cut -d : -f 2 |
		awk '{ n += $1 } END { print n + 0 }'
}
instants() {
	asched --json list "$1" | grep '^ {' |
		sed 's/.*"created_us":\([0-9]*\).*"next_due_us":\([0-9]*\).*/\2 \1/; s/.*"next_due_us":\([0-9]*\).*"created_us":\([0-9]*\).*/\1 \2/' |
		awk '{ print ($1 - $2) / 1000000 - 1 }'
}

goes_on() {
	runs=$(run_count tick succeeded)
	within 10 has_runs tick succeeded $((runs + 2))
	ok $? "the jobs go on $1"
	within 10 has_run long succeeded
	ok $? 'and what ran has ended well'
	is 'no instant ran twice' '' "$(sort "$dir/witness" | uniq -d)"
}

asched run long > /dev/null
freeze "$(daemon_pid_now)"
succeeds 'the daemon answers again when it may go on' asched status
goes_on 'after the daemon was frozen'

asched run --force long > /dev/null
freeze "$daemon_pid" &
freezer=$!
sleep 0.3
started=$(now_ms)
succeeds 'while the spawner is frozen the daemon answers' asched list
took=$(($(now_ms) - started))
[ $took -lt 1000 ]
ok $? "at once ($took ms)"
wait $freezer
goes_on 'after the spawner was frozen'

asched pause tick all > /dev/null
at_rest() {
	[ "$(asched --json status | json_value runs_running)" = 0 ]
}
within 20 at_rest
is 'each instant has a row' "$(instants tick)" "$(covered tick)"
is 'also with --missed all' "$(instants all)" "$(covered all)"
daemon_stop TERM
is 'the daemon ends well' 0 $?
finish
