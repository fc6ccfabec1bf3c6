# Old runs are removed while others start and are asked for, and the daemon dies in the midst of it:
# nothing runs twice because its row is gone, not even when the clock is set back over it.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
. "$ASCHED_SOURCE/tests/blackbox/trial.sh"
printf '[daemon]\nretain-runs = 20\n' > "$dir/d/conf"
daemon_start --config "$dir/d/conf" || exit 1
record="echo \"\$ASCHED_JOB \$ASCHED_DUE\" >> '$dir/witness'"
: > "$dir/witness"
asched add -q --name tick 'every 1s' --missed all --missed-limit 1000 --shell "$record" > /dev/null
asched add -q --name cron '* * * * * *' --missed all --missed-limit 1000 --shell "$record" > /dev/null
asched add -q --name other '@yearly' --overlap allow -- echo some words > /dev/null

# Some runs; then a start, which removes what is too much soon after.
grow() {
	for i in $(seq 30); do
		asched run other > /dev/null
	done
}
is_trimmed() {
	[ "$(asched --json status | json_value runs)" -le 25 ]
}
is_new() {
	[ -n "$(daemon_pid_now)" ] && [ "$(daemon_pid_now)" != "$old" ] && asched status
}
restart() {
	old=$(daemon_pid_now)
	asched restart > /dev/null 2>&1
	within 10 is_new
}

grow
is_trimmed
[ $? -ne 0 ]
ok $? 'there are more runs than are to be kept'
restart
: > "$dir/lists"
while [ ! -e "$dir/enough" ]; do
	asched --json runs --limit 0 > "$dir/now" && asched list > /dev/null && echo >> "$dir/lists" ||
		echo failed >> "$dir/refused"
done &
lister=$!
within 20 is_trimmed
ok $? 'what is too much is removed'
has_lists() {
	[ "$(wc -l < "$dir/lists")" -gt 3 ]
}
within 10 has_lists && [ ! -s "$dir/refused" ]
ok $? 'lists go on meanwhile'
: > "$dir/enough"
wait $lister

# It dies before and after the commit that removes some.
for point in commit-prune committed-prune; do
	grow
	: > "$trial/$point.1"
	[ -z "${ASCHED_TEST_TWICE-}" ] || : > "$trial/$point.2"
	restart
	is_over() {
		! ls "$trial/$point".? > /dev/null 2>&1 && asched status
	}
	within 20 is_over
	ok $? "it dies at $point and serves again"
	within 20 is_trimmed
	ok $? 'and what is too much is removed in the end'
	succeeds 'the database is whole' asched check
done

# The rows of the last instants but one are gone by now; they come once more.
oldest=$(asched --json runs --limit 0 | grep '"job":"cron"' | tail -n 1 | json_value due)
gone=$(grep '^cron ' "$dir/witness" | awk -v oldest="$oldest" 'substr($2, 1, 19) < substr(oldest, 1, 19)' | wc -l)
[ "$gone" -gt 0 ]
ok $? "there are instants without a row ($gone)"
n=$(wc -l < "$dir/witness")
clock -3
more() {
	[ "$(wc -l < "$dir/witness")" -gt $((n + 2)) ]
}
within 40 more
ok $? 'jobs go on when the clock is set back'
is 'no instant ran twice' '' "$(sort "$dir/witness" | uniq -d)"
succeeds 'the database is whole' asched check
daemon_stop TERM
finish
