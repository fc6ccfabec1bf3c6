# A disk that fails under the real daemon: full, over quota, broken, slow, in the K-th call or from
# there on. What was acknowledged is there, what was refused is not, what ends meanwhile is on
# record, and the store heals by itself. ASCHED_TEST_DISK says up to which K.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
. "$ASCHED_SOURCE/tests/blackbox/trial.sh"
depth=${ASCHED_TEST_DISK:-2}
daemon_start || exit 1

is_well() {
	[ "$(asched --json status | tr -d ' \n' | sed 's/.*"store":{"state":"\([a-z]*\)".*/\1/')" = ok ]
}

# Told of the request by the exit code: 0 it happened, 1 it did not, 6 nobody knows yet.
: > "$dir/happened"
: > "$dir/refused"
n=0
request() {
	n=$((n + 1))
	asched add -q --name "j$n" '@yearly' -- true > "$dir/out" 2>&1
	case $? in
	0) echo "j$n" >> "$dir/happened" ;;
	*) grep -q 'may or may not have happened' "$dir/out" || echo "j$n" >> "$dir/refused" ;;
	esac
}

# Something ends while the disk is as it is.
asched add -q --name worker '@yearly' --overlap allow --retries 0 --shell 'sleep 0.2; exit 7' > /dev/null
nworkers=0
spoil() {
	asched run worker > "$dir/out" 2>&1 && nworkers=$((nworkers + 1))
	disk "$@"
	request
	request
}

# Each case has the next of ENOSPC, EDQUOT, EROFS, EIO.
bad= ncases=0
for call in write sync; do
	for k in $(seq "$depth"); do
		for count in 1 1000000; do
			ncases=$((ncases + 1))
			case $((ncases % 4)) in
			0) errno=28 ;;
			1) errno=122 ;;
			2) errno=30 ;;
			*) errno=5 ;;
			esac
			spoil $call $errno "$k" $count 0
			disk
			within 10 is_well || bad="$bad $call:$errno:$k:$count"
		done
	done
done
is 'whatever fails, the store is well again afterwards' '' "$bad"
asched list --names --limit 0 | grep '^j' | sort > "$dir/names"
is 'what was acknowledged is there' '' "$(sort "$dir/happened" | comm -23 - "$dir/names")"
is 'what was refused is not' '' "$(sort "$dir/refused" | comm -12 - "$dir/names")"
[ -s "$dir/refused" ]
ok $? 'and something was refused'
workers_ended() {
	[ "$(asched --json runs worker --limit 0 | grep -c '"exit_code":7')" = "$nworkers" ]
}
within 10 workers_ended
ok $? "all $nworkers that ended meanwhile are on record with their exit code"
has 'the last trouble is told' 'last trouble' "$(asched status)"

# Half of the bytes, and calls that are interrupted: SQLite and we go on where it stopped.
for how in -1 4; do
	disk write $how 1 100 0
	for i in 1 2 3; do
		request
	done
	disk
	within 10 is_well
	ok $? "the store lives with writes that end with $how"
done
succeeds 'the database is whole after all that' asched check

# A file may not grow beyond so much: the signal for that is ignored, the store degraded.
if command -v prlimit > /dev/null; then
	prlimit --pid "$(daemon_pid_now)" --fsize=20480:unlimited
	before=$(daemon_pid_now)
	refused() {
		request
		[ "$(tail -n 1 "$dir/refused")" = "j$n" ]
	}
	within 10 refused
	ok $? 'at the limit of the size of files an add is refused'
	prlimit --pid "$(daemon_pid_now)" --fsize=unlimited:unlimited
	within 10 is_well
	ok $? 'and the store is well when the limit is gone'
	is 'in the same daemon' "$before" "$(daemon_pid_now)"
else
	skip 'the limit of the size of files' 'prlimit is not installed'
fi

# A disk that takes its time.
asched add -q --name timed '@yearly' --timeout 1s -- sleep 100 > /dev/null
disk sync 0 1 1000000 200
asched run timed > /dev/null
for i in 1 2 3 4 5 6; do
	request &
done
started=$(now_ms)
asched status > /dev/null
took=$(($(now_ms) - started))
[ $took -lt 1000 ]
ok $? "with syncs of 200 ms status is answered within a second ($took ms)"
within 10 has_run timed failed
took=$(asched --json show --run "$(asched --json runs timed | json_value id)" | tr -d ' \n' |
	sed 's/.*"attempts":\[{//; s/.*"started_us":\([0-9]*\).*"ended_us":\([0-9]*\).*/\2 - \1/')
took=$((($took) / 1000))
[ $took -ge 1000 ] && [ $took -lt 1800 ]
ok $? "and a time-out of 1 s takes that ($took ms)"
asched add -q --name punctual 'every 1s' -- true > /dev/null
is_punctual() {
	asched --json runs punctual --limit 1 | tr -d ' \n' |
		sed 's/.*"due_us":\([0-9]*\),"last_due.*"started_us":\([0-9]*\),.*/\1 \2/' |
		awk '{ exit !($2 > 0 && $2 - $1 < 100000) }'
}
within 10 is_punctual
ok $? 'and starts are not late, as claims begin earlier' || diag "$(asched --json runs punctual)"
disk
wait_for_requests() {
	[ "$(asched --json status | json_value requests_queued)" -le 1 ]
}
within 10 wait_for_requests
daemon_stop TERM
is 'the daemon ends well' 0 $?
finish
