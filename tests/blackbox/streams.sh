# Standard streams that are closed, or full: nothing takes their place, and what was not written is said.
# Descriptors beyond them.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"

"$ASCHED_BUILD/aschedd" --private "$dir/d" <&- >&- 2>&- &
daemon_pid=$!
within 20 asched status
ok $? 'a daemon that was given no standard streams serves' || exit 1

asched list > /dev/null <&- 2>&-
is 'and so does the client list' 0 $?
asched add -q 'in 1h' -- true <&- >&- 2>&-
is 'and add' 0 $?
is 'which did' 1 "$(asched --json list | grep -c '"state":"active"')"

fails_on_full() {
	asched "$@" 2> "$dir/err" > /dev/full
	is "$* on a full disk fails" 1 $?
}
fails_on_full list
has 'and says why' 'No space left' "$(cat "$dir/err")"
fails_on_full add 'in 1h' -- true
has 'an id that is shown at once, too' 'standard output: not all could be written' "$(cat "$dir/err")"

# What was open by accident is not kept open: somebody may wait for its end.
mkfifo "$dir/pipe"
cat "$dir/pipe" > /dev/null &
reader=$!
ASCHED_SOCKET=$dir/e/socket "$ASCHED_BUILD/aschedd" --private "$dir/e" 7> "$dir/pipe" \
	2> "$dir/log2" < /dev/null &
second=$!
within 20 asched --socket "$dir/e/socket" status
is_over() {
	! kill -0 $reader
}
within 10 is_over
ok $? 'a descriptor that it was given by accident is closed'
kill -TERM $second $reader 2> /dev/null
wait $second

asched next -n 100000 '* * * * *' 2> "$dir/err" | head -n 1 > /dev/null
is 'nothing is said to a reader that has gone' '' "$(cat "$dir/err")"
daemon_stop TERM
is 'the daemon stops as any other' 0 $?
finish
