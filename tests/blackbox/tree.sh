# The processes of a run beyond its main one: counted, shown, and ended with it.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
printf '[daemon]\nstop-timeout = 500ms\n' > "$dir/asched.conf"
daemon_start --config "$dir/asched.conf" || exit 1

# run NAME OPTIONS...: adds a job and runs it to its end; its exit code. The job writes the pids of
# processes that it leaves behind to $dir/NAME.
run() {
	name=$1
	shift
	asched add -q --name "$name" --every 1d "$@" > /dev/null
	asched run "$name" --wait > /dev/null 2>&1
}

is_gone() {
	for pid in $(cat "$dir/$1"); do
		! grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$pid/status" || return 1
	done
}

# left NAME: the number that show has for its last run.
left() {
	asched show --run "$(asched --json runs "$1" | json_value id)" | awk 'END { print $NF }'
}

run none -- true
is 'a run that leaves nothing behind shows so' - "$(left none)"
run keeps --shell "sleep 60 & echo \$! > '$dir/keeps'; setsid sleep 60 & echo \$! >> '$dir/keeps'"
is 'what a run leaves behind is counted and shown' 2 "$(left keeps)"
! is_gone keeps
ok $? 'and lives on'
kill $(cat "$dir/keeps")
run kills --leftovers kill --shell "sleep 60 & echo \$! > '$dir/kills'"
is 'with leftovers=kill it is counted, too' 1 "$(left kills)"
within 10 is_gone kills
ok $? 'and killed'

# One that is asked to end: its main process obeys, a child does not.
stubborn() {
	echo "trap '' TERM; sleep 60 & echo \$! > '$dir/$1'; trap 'exit 3' TERM; wait"
}
is_up() {
	[ -s "$dir/$1" ]
}
main_is_gone() {
	grep -qs '^State:[[:space:]]*[ZX]' "/proc/$(asched --json show --run "$1" | json_value pid)/status"
}
run late --timeout 500ms --kill-after 1s --shell "$(stubborn late)"
has 'a time-out' 'timeout' "$(asched runs late)"
is_gone late
ok $? 'has killed what ignored TERM when it is on record'
is 'and left nothing' - "$(left late)"
asched add -q --name asked --every 1d --kill-after 3s --shell "$(stubborn asked)" > /dev/null
asched run asked > /dev/null
within 10 is_up asked
id=$(asched --json runs asked | json_value id)
asched cancel --run "$id"
within 10 main_is_gone "$id"
ok $? 'a run that is cancelled has its main process end'
asched restart 2> /dev/null
within 20 asched status
has 'and goes on, also for the next daemon' running "$(asched runs asked)"
! is_gone asked
ok $? 'with what ignores TERM'
within 10 has_run asked cancelled
ok $? 'until kill-after is over' || diag "$(asched runs asked)"
is_gone asked
ok $? 'and it is killed'
is 'and left nothing, too' - "$(left asked)"
asched add -q --name last --every 1d --kill-after 2s --shell "$(stubborn last)" > /dev/null
asched run last > /dev/null
within 10 is_up last
daemon_stop TERM
is_gone last
ok $? 'the end of the service leaves nothing of it'
daemon_start --config "$dir/asched.conf"
has 'and is the reason on record' 'shutdown' "$(asched runs last)"
finish
