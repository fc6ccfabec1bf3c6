# The daemon does not come up any more: it dies at every start, then it refuses to start because of its
# configuration. What runs is left alone for as long as that takes, its end is kept, and the pauses
# between the starts grow. ASCHED_TEST_RESTARTS says how many starts.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
. "$ASCHED_SOURCE/tests/blackbox/trial.sh"
nstarts=${ASCHED_TEST_RESTARTS:-4}
printf '[daemon]\n' > "$dir/d/conf"
daemon_start --config "$dir/d/conf" || exit 1
asched add -q --name long '@yearly' --shell "until [ -e '$dir/go' ]; do sleep 0.05; done; echo still there; exit 7" > /dev/null
asched add -q --name tick 'every 1s' --missed skip -- true > /dev/null
asched run long > /dev/null
within 10 has_run long running

nfailures() {
	grep -c 'the daemon \(died\|failed\)' "$dir/log"
}
failed() {
	[ "$(nfailures)" -ge "$1" ]
}

# gaps JOB: each distance between the last instant of a row and the first of the next one.
gaps() {
	asched --json runs "$1" --limit 0 | sed -n 's/.*"due_us":\([0-9]*\).*"last_due_us":\([0-9]*\).*/\1 \2/p' |
		sort -n | awk 'NR > 1 { print $1 - last } { last = $2 }' | sort -u
}

# comes_back WHY MESSAGE REPAIR...: it fails so often, and is let start again.
comes_back() {
	nlines=$(wc -l < "$dir/log")
	kill -KILL "$(daemon_pid_now)"
	within $((60 * nstarts)) failed $(($(nfailures) + nstarts))
	ok $? "it fails $nstarts times: $1"
	tail -n +$((nlines + 1)) "$dir/log" > "$dir/news"
	has 'the log says why' "$2" "$(cat "$dir/news")"
	is 'the pauses between the starts grow' '100 200 400' \
		"$(grep -o 'starts again in [0-9]*' "$dir/news" | head -n 3 | cut -d ' ' -f 4 | paste -sd ' ')"
	shift 2
	"$@"
	within 60 asched status
	ok $? 'it serves when it can start'
	is 'what ran is running' running "$(asched --json runs long | json_value state)"
	asched restart > /dev/null 2>&1 # the next failure is a first one
	within 10 asched status
}

: > "$trial/open-prepared.always"
comes_back 'it dies before it serves' 'signal=' rm "$trial/open-prepared.always"
echo 'no such thing' >> "$dir/d/conf"
comes_back 'its configuration is no good' "$dir/d/conf:2" sed -i 2d "$dir/d/conf"

: > "$dir/go"
within 10 has_run long failed
is 'the end of what ran is on record' 7 "$(asched --json runs long | json_value exit_code)"
is 'and its output' 'still there' "$(asched logs long)"
is 'every instant between has its row' 1000000 "$(gaps tick)"
succeeds 'the database is whole' asched check
daemon_stop TERM
is 'it ends well' 0 $?
finish
