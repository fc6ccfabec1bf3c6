# Many jobs are due in one second: all run once, none is forgotten, and clients are
# answered meanwhile. ASCHED_TEST_JOBS says how many.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
njobs=${ASCHED_TEST_JOBS:-5000}
[ -z "${ASCHED_TEST_SHORT-}" ] || njobs=500
daemon_start || exit 1

# Long enough to add them all: 1,000 a second in the worst case, one batch of 500 a line.
due=$(($(date +%s) + 3 + njobs / 1000))
seq "$njobs" | awk -v due="$due" '
	{
		request = sprintf("{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"job.add\",\"params\":" \
			"{\"at\":\"@%d\",\"command\":[\"/bin/true\"]}}", $1, due)
		batch = batch (batch == "" ? "[" : ",") request
	}
	$1 % 500 == 0 { print batch "]"; batch = "" }
	END { if (batch != "") print batch "]" }' > "$dir/requests"
split -l 10 "$dir/requests" "$dir/part." # talk does not read while it cannot write
for part in "$dir"/part.*; do
	"$ASCHED_BUILD/tests/fake/talk" "$ASCHED_SOCKET" < "$part"
done > "$dir/answers"
is "$njobs jobs are added" "$njobs" "$(grep -o '"result":{"id"' "$dir/answers" | wc -l)"
[ "$(date +%s)" -lt "$due" ]
ok $? 'before they are due'

has_begun() {
	[ "$(asched --json status | json_value runs)" -gt 0 ]
}
within $((due - $(date +%s) + 5)) has_begun
slowest=0
is_through() {
	started=$(now_ms)
	status=$(asched --json status)
	took=$(($(now_ms) - started))
	[ $took -le $slowest ] || slowest=$took
	[ "$(echo "$status" | json_value runs)" = "$njobs" ] &&
		[ "$(echo "$status" | json_value runs_waiting)" = 0 ] &&
		[ "$(echo "$status" | json_value runs_running)" = 0 ]
}
within $((60 + njobs / 200)) is_through
ok $? 'all are through'
[ $slowest -lt 1000 ]
ok $? "status was answered within a second meanwhile ($slowest ms)"


asched --json runs --limit 0 | grep '^ {' > "$dir/rows"
is 'each has run once' "$njobs" "$(grep -c '"state":"succeeded"' "$dir/rows")"
is 'none has two rows' "$njobs" "$(grep -o '"job_id":[0-9]*' "$dir/rows" | sort -u | wc -l)"
daemon_stop TERM
is 'the daemon ends well' 0 $?
finish
