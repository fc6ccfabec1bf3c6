# The daemon is killed 50 times at random moments while jobs are added and run. Then: nothing that
# was acknowledged is missing, no instant ran twice, every due instant has a row, and the rows say
# what the witness did. ASCHED_TEST_KILLS and ASCHED_TEST_JOBS say how much of it.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
. "$ASCHED_SOURCE/tests/blackbox/witness.sh"
nkills=${ASCHED_TEST_KILLS:-50}
njobs=${ASCHED_TEST_JOBS:-200}
[ -z "${ASCHED_TEST_SHORT-}" ] || nkills=10 njobs=60
daemon_start || exit 1

add_jobs() {
	i=0
	while [ $i -lt "$njobs" ]; do
		witness_add $((i + 1)) && i=$((i + 1))
	done
}

add_jobs &
adder=$!
kills=0
while [ $kills -lt "$nkills" ]; do
	pid=$(daemon_pid_now)
	[ -n "$pid" ] || { sleep 0.01; continue; }
	sleep "0.$(shuf -i 10-60 -n 1)"
	kill -KILL "$pid" 2> /dev/null || continue
	kills=$((kills + 1))
	# After a planned restart the spawner waits as short as at first.
	[ $((kills % 2)) -ne 0 ] || asched restart > /dev/null 2>&1
done
wait $adder
is "all $njobs jobs were acknowledged in spite of $nkills kills" "$njobs" "$(wc -l < "$acknowledged")"
within 60 asched status
ok $? 'the daemon serves again'
witness_rest
witness_check "$njobs"
finish
