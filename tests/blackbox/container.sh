# As process 1 of a container: it reaps whatever is left to it, ends on TERM, and counts the start of
# the container as a boot.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
unshare --pid --fork --mount-proc true 2> /dev/null || skip_all 'no right to make a PID namespace'

# In a namespace of its own; unshare(1) is the parent of its process 1, and gets no signal.
start_container() {
	unshare --pid --fork --mount-proc --kill-child "$ASCHED_BUILD/aschedd" --private "$dir/d" \
		--config "$dir/asched.conf" >> "$dir/log" 2>&1 < /dev/null &
	outer_pid=$!
	within 20 asched status || return 1
	first_pid=$(tr -d ' ' < "/proc/$outer_pid/task/$outer_pid/children")
}

stop_container() {
	kill -TERM "$first_pid"
	wait "$outer_pid"
}
trap 'kill -KILL $outer_pid 2> /dev/null; clean_up' EXIT

printf '[daemon]\nstop-timeout = 1s\n' > "$dir/asched.conf"
start_container
ok $? 'it serves' || diag "$(cat "$dir/log")"
is 'as process 1' 1 "$(sed -n 's/^NSpid:.*[[:space:]]//p' "/proc/$first_pid/status")"

asched add -q --name boot --on-start --shell 'echo booted' > /dev/null
asched add -q --name orphans --every 1h --shell \
	'for i in 1 2 3 4 5; do (setsid sleep 0.2 & setsid sleep 0.3 &) & done' > /dev/null
asched run orphans --wait > /dev/null
is 'a run leaves processes behind' 0 $?
children() {
	wc -w < "/proc/$first_pid/task/$first_pid/children"
}
only_the_daemon() {
	[ "$(children)" -eq 1 ]
}
within 10 only_the_daemon
ok $? 'which are reaped: no zombie stays' || diag "$(children) children"

asched add -q --name slow --every 1h --shell 'trap "echo asked; exit 7" TERM; echo up; sleep 60 & wait' \
	> /dev/null
asched run slow > /dev/null
slow_is_up() {
	asched logs slow | grep -q up
}
within 10 slow_is_up
asched restart 2> /dev/null
within 20 asched status
ok $? 'a new daemon comes without a new container' || diag "$(cat "$dir/log")"
has_run slow running
ok $? 'and the run goes on'
began=$(now_ms)
stop_container
is 'TERM ends it' 0 $?
[ $(($(now_ms) - began)) -lt 8000 ]
ok $? 'in time'
[ ! -d "/proc/$first_pid" ]
ok $? 'and nothing is left'

start_container
ok $? 'it starts again'
has 'what ran has its end on record' 'shutdown' "$(asched runs slow)"
within 10 has_run boot succeeded
ok $? 'a job on start runs at the start of the container' || diag "$(asched runs boot)"
asched restart 2> /dev/null
within 20 asched status
is 'once, whatever the daemon does' 1 "$(run_count boot succeeded)"
stop_container
start_container
within 10 has_runs boot succeeded 2
ok $? 'and again in the next container' || diag "$(asched runs boot; cat "$dir/log")"

# The machine dies: nobody has asked for the end, and nobody can know what came of what ran.
asched add -q --name again --every 1h --on-lost retry --shell "echo >> '$dir/again'; sleep 60" > /dev/null
asched run slow > /dev/null
asched run again > /dev/null
within 10 slow_is_up && within 10 test -s "$dir/again"
kill -KILL "$outer_pid"
wait "$outer_pid" 2> /dev/null
start_container
has 'what ran when the container was killed is lost' '"state":"lost","reason":"reboot"' \
	"$(asched --json runs slow --limit 1)"
ran_again() {
	[ "$(wc -l < "$dir/again")" = 2 ]
}
within 10 ran_again
ok $? 'and runs again where it may' || diag "$(asched runs)"
stop_container
is 'which ends, too' 0 $?
finish
