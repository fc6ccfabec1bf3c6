# What runs does not notice what becomes of the daemon: it is killed again and again, replaced, and
# upgraded together with its parent, and every run ends with its own code and output.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
nkills=${ASCHED_TEST_KILLS:-10} nruns=${ASCHED_TEST_RUNS:-50}
mkdir "$dir/bin"
for program in asched aschedd asched-spawn; do
	cp "$ASCHED_BUILD/$program" "$dir/bin/"
done
printf '[queue default]\nconcurrency = 10000\n' > "$dir/asched.conf"
SECRET=of-the-shell TMPDIR=/tmp \
	"$dir/bin/aschedd" --private "$dir/d" --config "$dir/asched.conf" >> "$dir/log" 2>&1 < /dev/null &
daemon_pid=$!
within 20 asched status || { diag "$(cat "$dir/log")"; exit 1; }
if [ -r "/proc/$(daemon_pid_now)/environ" ]; then
	tr '\0' '\n' < "/proc/$(daemon_pid_now)/environ" > "$dir/environ"
	is 'of the environment the daemon gets what it knows' TMPDIR=/tmp \
		"$(grep -E '^(SECRET|TMPDIR)=' "$dir/environ")"
else
	skip 'of the environment the daemon gets what it knows' 'it cannot be read here'
fi

# Each waits for its word, then says it and ends with a code of its own.
i=0
while [ $i -lt "$nruns" ]; do
	i=$((i + 1))
	echo "{\"jsonrpc\":\"2.0\",\"id\":$i,\"method\":\"job.add\",\"params\":{\"name\":\"r$i\",\"shell\":\"echo begun; while [ ! -e '$dir/go' ]; do sleep 1; done; echo ended $i; exit $((i % 100))\"}}"
done | "$ASCHED_BUILD/tests/fake/talk" "$dir/d/socket" > "$dir/added"
is 'the runs are added' "$nruns" "$(grep -c '"result"' "$dir/added")"
all_run() {
	[ "$(asched --json status | json_value runs_running)" = "$nruns" ]
}
within 30 all_run
ok $? 'and are on record as running'
pids() {
	tr ' ' '\n' < "/proc/$daemon_pid/task/$daemon_pid/children" | grep -vx "$(daemon_pid_now)" |
		grep . | sort
}
all_are_children() {
	[ "$(pids | wc -l)" = "$nruns" ]
}
within 30 all_are_children
ok $? 'as children of the parent'
pids > "$dir/before"

kills=0
while [ $kills -lt "$nkills" ]; do
	pid=$(daemon_pid_now)
	[ -n "$pid" ] || { sleep 0.02; continue; }
	sleep "0.$(shuf -i 10-40 -n 1)"
	kill -KILL "$pid" 2> /dev/null || continue
	kills=$((kills + 1))
	# The pause before the next daemon doubles, unless it was asked for.
	within 30 asched status && asched restart > /dev/null 2>&1
	within 30 asched status
done
within 30 all_run
ok $? "all run still after $kills kills" || diag "$(asched status)"

# An upgrade puts new files in the place of the old ones.
spawner_file() {
	stat -L -c %i "/proc/$daemon_pid/exe" 2> /dev/null
}
old_file=$(spawner_file) old_daemon=$(daemon_pid_now)
for program in asched aschedd asched-spawn; do
	cp "$ASCHED_BUILD/$program" "$dir/bin/$program.new"
	mv "$dir/bin/$program.new" "$dir/bin/$program"
done
asched restart > /dev/null 2>&1
is_new() {
	[ -n "$(daemon_pid_now)" ] && [ "$(daemon_pid_now)" != "$old_daemon" ] && asched status
}
within 30 is_new
ok $? 'the daemon is a new one after an upgrade'
if [ -n "$old_file" ]; then
	[ "$(spawner_file)" = "$(stat -c %i "$dir/bin/asched-spawn")" ] && [ "$(spawner_file)" != "$old_file" ]
	ok $? 'and so is its parent'
else
	skip 'and so is its parent' 'its file cannot be seen'
fi
within 30 all_run
ok $? 'and all run still'
is 'the same processes as before' "$(cat "$dir/before")" "$(pids)"

: > "$dir/go"
all_ended() {
	[ "$(asched --json status | json_value runs_running)" = 0 ]
}
within 30 all_ended
ok $? 'they end'
wrong=
i=0
while [ $i -lt "$nruns" ]; do
	i=$((i + 1))
	code=$(asched --json runs "r$i" | grep -o '"exit_code":[0-9]*' | tr -dc '0-9 ')
	[ "$code" = $((i % 100)) ] || wrong="$wrong r$i:$code"
	[ "$(asched logs "r$i" --raw | tr '\n' ' ')" = "begun ended $i " ] || wrong="$wrong r$i"
done
is 'each with its own code and its whole output' '' "$wrong"

# An upgrade that cannot take over: the old pair goes on.
old_daemon=$(daemon_pid_now)
for program in aschedd asched-spawn; do
	cp /bin/false "$dir/bin/$program.new"
	mv "$dir/bin/$program.new" "$dir/bin/$program"
done
asched restart > /dev/null 2>&1
within 30 is_new
ok $? 'after an upgrade that cannot take over there is a daemon again' || diag "$(tail "$dir/log")"
succeeds 'the log tells what to do' grep -q 'restart the service to upgrade' "$dir/log"
job=$(asched add --quiet --in 1h -- true)
succeeds 'and jobs run' asched run --wait "$job"
daemon_stop TERM
is 'it stops' 0 $?

# Two that start at the same time: one serves, the other says why not.
"$ASCHED_BUILD/aschedd" --private "$dir/two" > "$dir/log1" 2>&1 < /dev/null &
first=$!
"$ASCHED_BUILD/aschedd" --private "$dir/two" > "$dir/log2" 2>&1 < /dev/null &
second=$!
both_decided() {
	grep -qh 'in use by another aschedd' "$dir/log1" "$dir/log2" && grep -qh ready "$dir/log1" "$dir/log2"
}
within 20 both_decided
ok $? 'of two that start at once one serves and the other says why not' ||
	diag "$(cat "$dir/log1" "$dir/log2")"
succeeds 'which harms the first in nothing' asched --socket "$dir/two/socket" status

# The same request, five times at once, and to the next daemon: one job, one answer.
again='{"jsonrpc":"2.0","id":1,"method":"job.add","params":{"every":"1h","shell":"true","key":"k"}}'
ask_again() {
	echo "$again" | "$ASCHED_BUILD/tests/fake/talk" "$dir/two/socket" > "$dir/answer$1"
}
for i in 1 2 3 4 5; do
	ask_again $i &
	askers="${askers-} $!"
done
# shellcheck disable=SC2086 # a list
wait $askers
has 'a request with a key is done' '"result":{"id":1,' "$(cat "$dir/answer1")"
is 'five answers to one request are the same' 1 "$(sort -u "$dir"/answer? | wc -l)"
kill -TERM $first $second 2> /dev/null
wait $first $second
"$ASCHED_BUILD/aschedd" --private "$dir/two" > "$dir/log1" 2>&1 < /dev/null &
first=$!
within 20 grep -q ready "$dir/log1"
ask_again 6
is 'the next daemon gives it, too' 1 "$(sort -u "$dir"/answer? | wc -l)"
is 'and it made one job' 1 "$(asched --socket "$dir/two/socket" --json list | grep -c '"id"')"
kill -TERM $first
wait $first
finish
