# run --tty: a run that somebody talks to.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
command -v script > /dev/null || skip_all 'script(1) is not installed'
daemon_start || exit 1
cli=$ASCHED_BUILD/asched

# on_terminal COMMAND: runs it there, without input; its exit code.
on_terminal() {
	script -qec "$1" /dev/null < /dev/null > "$dir/shown"
	code=$?
	tr -d '\r' < "$dir/shown" > "$dir/text"
	return $code
}

# One whose process can be ended from outside.
cat > "$dir/run" <<- END
	#!/bin/sh
	echo \$\$ > '$dir/pid'
	exec $cli run "\$1" --tty
END
chmod +x "$dir/run"

# last_run JOB: what the ledger says of its newest run.
last_run() {
	asched --json runs "$1" --limit 1
}

mkdir "$dir/here"
asched add -q --name talk --every 1h --cwd "$dir/here" --env MINE=its --split-output --shell '
	tty; tty <&1; tty <&2; stty size; pwd; echo "$MINE ${YOURS-none} $(id -u)"; exit 7' > /dev/null
YOURS=callers on_terminal "stty rows 31 cols 97; $cli run talk --tty"
is 'a run with a terminal gives its exit code' 7 $?
is 'and has one for input, output and error' 3 "$(grep -c '/dev/pts/[0-9]*$' "$dir/text")"
has 'of the size of the one in front of it' '31 97' "$(cat "$dir/text")"
has 'where the job has its working directory' "$dir/here" "$(cat "$dir/text")"
has 'environment and user' "its none $(id -u)" "$(cat "$dir/text")"
is 'it is a manual run in the ledger' manual "$(last_run talk | json_value trigger)"
is 'that tells of the terminal' true "$(last_run talk | json_value tty)"
is 'and has no output' '' "$(asched logs talk)"

asched add -q --name ask --every 1h --shell 'stty -echo; echo name?; read name; echo "hello $name"' > /dev/null
mkfifo "$dir/keys"
script -qec "$cli run ask --tty" /dev/null < "$dir/keys" > "$dir/shown" 2>&1 &
person=$!
exec 3> "$dir/keys"
within 10 grep -q 'name?' "$dir/shown"
ok $? 'what the run writes is shown at once'
echo Ada >&3
within 10 grep -q 'hello Ada' "$dir/shown"
ok $? 'and what is typed reaches it'
exec 3>&-
wait $person
is 'its success is ours' 0 $?

# The person does not notice when there is no daemon for a while.
asched add -q --name chat --every 1h --shell 'stty -echo; echo first?; read a; echo "got $a"; read a; exit 4' > /dev/null
script -qec "$cli run chat --tty; echo \$? > '$dir/code'" /dev/null < "$dir/keys" > "$dir/shown" 2>&1 &
person=$!
exec 3> "$dir/keys"
within 10 grep -q 'first?' "$dir/shown"
frozen=$(daemon_pid_now)
kill -STOP "$frozen"
sleep 2 # by now it has asked whether the run has ended, and got no answer
echo now >&3
within 2 grep -q 'got now' "$dir/shown"
ok $? 'keys reach a run while the daemon is not there'
kill -KILL "$frozen"
echo more >&3
exec 3>&-
wait $person
is 'and its code is known when there is one again' 4 "$(cat "$dir/code")"

asched add -q --name much --every 1h --shell 'stty -echo; seq 1 50000' > /dev/null
on_terminal "$cli run much --tty"
is 'nothing of a large output is lost' 50000 "$(grep -c '[0-9]$' "$dir/text")"
! tr '\r' R < "$dir/shown" | grep -q RR
ok $? 'and its lines end once'

asched add -q --name signal --every 1h --shell 'kill -USR1 $$' > /dev/null
on_terminal "$cli run signal --tty"
is 'a signal is 128 and its number' 138 $?
asched add -q --name slow --every 1h --timeout 300ms --shell 'exec sleep 60' > /dev/null
on_terminal "$cli run slow --tty"
is 'a time-out is 124' 124 $?
asched add -q --name again --every 1h --retries 1 --retry-delay 1s \
	--shell 'tty; [ "$ASCHED_ATTEMPT" = 2 ]' > /dev/null
on_terminal "$cli run again --tty"
is 'the next attempt has the terminal, too' 0 $?
is 'and shows itself there' 2 "$(grep -c '/dev/pts/[0-9]*$' "$dir/text")"

# The raw terminal becomes what it was, however the run ends.
on_terminal "stty -g > '$dir/before'; $cli run signal --tty; stty -g > '$dir/after'"
is 'the terminal is as it was before' "$(cat "$dir/before")" "$(cat "$dir/after")"
asched add -q --name stays --every 1h --shell 'echo ready; exec sleep 60' > /dev/null
script -qec "stty -g > '$dir/before'; $dir/run stays; echo \$? > '$dir/code'; stty -g > '$dir/after'" \
	/dev/null < /dev/null > "$dir/shown" 2>&1 &
person=$!
within 10 grep -q ready "$dir/shown"
kill -TERM "$(cat "$dir/pid")"
wait $person
is 'when asked to end it ends' 143 "$(cat "$dir/code")"
is 'and gives the terminal back' "$(cat "$dir/before")" "$(cat "$dir/after")"
within 10 has_run stays cancelled
ok $? 'and the run is cancelled'

rm "$dir/shown" "$dir/pid" # of the one before
script -qec "$dir/run stays" /dev/null < /dev/null > "$dir/shown" 2>&1 &
person=$!
within 10 grep -qs ready "$dir/shown"
kill -KILL "$(cat "$dir/pid")"
within 10 has_run stays failed
ok $? 'when it is killed the run ends'
is 'by a hang-up' SIGHUP "$(last_run stays | json_value signal)"
wait $person

# A run that waits for its queue is one that Ctrl-C ends.
asched queues single --concurrency 1 > /dev/null
asched add -q --name first --queue single --every 1h --shell 'exec sleep 60' > /dev/null
asched add -q --name second --queue single --every 1h --shell 'tty' > /dev/null
asched run first > /dev/null
script -qec "$cli run second --tty; echo \$? > '$dir/code'" /dev/null < "$dir/keys" > "$dir/shown" 2>&1 &
person=$!
exec 3> "$dir/keys"
within 10 has_run second waiting
printf '\003' >&3
within 10 has_run second cancelled
ok $? 'Ctrl-C cancels a run that has not started'
exec 3>&-
wait $person
is 'and exits as a shell would' 130 "$(cat "$dir/code")"

# A start without its terminal fails; it never goes on without one.
script -qec "$dir/run second" /dev/null < /dev/null > "$dir/shown" 2>&1 &
person=$!
within 10 has_run second waiting
kill -KILL "$(cat "$dir/pid")"
wait $person
asched cancel --run "$(asched --json runs first --limit 1 | json_value id)" > /dev/null 2>&1
within 10 has_run second failed
ok $? 'a run whose terminal is gone fails'
has 'at its start' 'tty: ENOENT' "$(last_run second | json_value detail)"

# Nor does it when its job has become something else before it could start.
asched add -q --name third --queue single --every 1h --shell 'tty' > /dev/null
asched run first > /dev/null
script -qec "$cli run third --tty; echo \$? > '$dir/code'" /dev/null < /dev/null > "$dir/shown" 2>&1 &
person=$!
within 10 has_run third waiting
asched set third --http http://127.0.0.1:1/ 2> /dev/null
asched cancel --run "$(asched --json runs first --limit 1 | json_value id)" > /dev/null 2>&1
wait $person
is 'a run whose job has become an HTTP request fails' 126 "$(cat "$dir/code")"
has 'at its start' 'start-failed tty: an HTTP request has no terminal' \
	"$(last_run third | json_value reason) $(last_run third | json_value detail)"

fails_with 2 'tty: standard input is not a terminal' asched run talk --tty
on_terminal "$cli run talk --tty --follow"
is '--follow does not go with it' 2 $?
asched add -q --name web --every 1h --http http://127.0.0.1:1/ > /dev/null
on_terminal "$cli run web --tty"
is 'an HTTP job has no terminal' 2 $?
has 'which is said' 'asched: tty: ' "$(cat "$dir/text")"
is 'and leaves no row' '' "$(last_run web | json_value id)"
finish
