# The n-th allocation after a request was heard finds no memory, in whatever library and thread.
# The daemon dies of it or not; the request is answered in the end, and happened once. With
# ASCHED_TEST_ALLOCATIONS every n up to that is tried, else a few.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
! grep -q __asan_init "$ASCHED_BUILD/tests/fake/trial_aschedd" 2> /dev/null ||
	skip_all 'AddressSanitizer has an allocator of its own'
. "$ASCHED_SOURCE/tests/blackbox/trial.sh"
daemon_start || exit 1
if [ -n "${ASCHED_TEST_ALLOCATIONS-}" ]; then
	numbers=$(seq "$ASCHED_TEST_ALLOCATIONS")
else
	numbers='1 3 10 25 60 110'
fi

ndeaths() {
	grep -c 'the daemon died' "$dir/log"
}

# Without memory: after so many allocations, this request.
without() {
	echo "$1" > "$trial/memory.new"
	mv "$trial/memory.new" "$trial/memory-request-heard"
	shift
	asched "$@" > "$dir/out" 2>&1 || {
		diag "asched $*: $(cat "$dir/out")"
		return 1
	}
}

# A new daemon: the next death is a first one for the spawner, and no old number is left.
renew() {
	old=$(daemon_pid_now)
	asched restart > /dev/null 2>&1
	is_new() {
		[ -n "$(daemon_pid_now)" ] && [ "$(daemon_pid_now)" != "$old" ] && asched status
	}
	within 10 is_new
}

asched add -q --name tool '@yearly' -- true > /dev/null
asched add -q --name other '@yearly' -- true > /dev/null
bad=
for n in $numbers; do
	without "$n" add -q --name "j$n" '@yearly' --env A=1 -- true || bad="$bad add:$n"
	renew
	without "$n" set tool --timeout "${n}s" || bad="$bad set:$n"
	[ "$(asched --json list tool | json_value timeout)" = "${n}s" ] ||
		[ "$(asched --json list tool | json_value timeout)" = "$((n / 60))m$((n % 60))s" ] ||
		[ "$n" = 60 ] || bad="$bad set:$n(lost)"
	renew
	without "$n" list --all || bad="$bad list:$n"
	renew
	without "$n" run other || bad="$bad run:$n"
	renew
	without "$n" status || bad="$bad status:$n"
	renew
done
is 'every request is answered in the end' '' "$bad"
[ "$(ndeaths)" -gt 3 ]
ok $? "although the daemon died of it now and then ($(ndeaths) times)"
count=$(echo "$numbers" | wc -w)
is 'every job that was added is there once' "$count" "$(asched list --names --limit 0 | grep -c '^j')"
at_rest() {
	[ "$(asched --json status | json_value runs_running)" = 0 ] &&
		[ "$(asched --json status | json_value runs_waiting)" = 0 ]
}
within 20 at_rest
is 'and every run that was asked for' "$count" "$(run_count other succeeded)"
succeeds 'the database is whole' asched check
finish
