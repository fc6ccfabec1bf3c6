# The processes of a run beyond its main one: counted, shown, and ended with it.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
daemon_start || exit 1

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
finish
