# The n-th allocation after a request was heard finds no memory, in whatever library and thread.
# The daemon dies of it or not; the request is answered in the end, and right; and what was asked
# for happened once. Each request has an n of its own; with ASCHED_TEST_STEP every so manieth, from one
# that ASCHED_TEST_SEED picks, until the request needs no more memory.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
! grep -q __asan_init "$ASCHED_BUILD/tests/fake/trial_aschedd" 2> /dev/null ||
	skip_all 'AddressSanitizer has an allocator of its own'
. "$ASCHED_SOURCE/tests/blackbox/trial.sh"
daemon_start || exit 1
step=${ASCHED_TEST_STEP:-}
few='2 45 9 30 16'

ndeaths() {
	grep -c 'the daemon died' "$dir/log"
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

# ask_REQUEST, with $n for what is to be different each time; look_REQUEST then finds it done. A question
# has an answer_REQUEST instead, which is always the same.
nadded=0
ask_add() {
	asched add -q --name "j$n" '@yearly' --env A=1 -- true > /dev/null && nadded=$((nadded + 1))
}
ask_set() { asched set tool --env "N=$n" > /dev/null; }
look_set() { asched --json show tool | grep -q "\"N\": *\"$n\""; }
tool_is() {
	[ "$(asched --json show tool | json_value state)" = "$1" ]
}
ask_pause() { asched pause tool > /dev/null; }
look_pause() { tool_is paused; }
ask_resume() { asched resume tool > /dev/null; }
look_resume() { tool_is active; }
prepare_cancel() { asched add -q --name gone '@yearly' -- true > /dev/null; }
ask_cancel() { asched cancel gone > /dev/null; }
look_cancel() { ! asched list --names | grep -q '^gone$'; }
nasked=0
ask_run() { asched run --force other > /dev/null && nasked=$((nasked + 1)); }
ask_wait() { asched run --force --wait other > /dev/null 2>&1 && nasked=$((nasked + 1)); }
nretried=0
ask_retry() { asched retry "$failing" > /dev/null && nretried=$((nretried + 1)); }
ask_queue() { asched queues side --concurrency $((n + 1)) > /dev/null; }
look_queue() { asched --json queues | grep '"name":"side"' | grep -q "\"concurrency\":$((n + 1))[,}]"; }
answer_list() { asched list --names '[os]t*'; }
answer_show() { asched --json show still; }
answer_runs() { asched --json runs still; }
answer_logs() { asched logs still; }
answer_why() { asched why still --at 2030-01-01; }
ask_status() { asched status > /dev/null && asched status > /dev/null; } # two connections

asched add -q --name tool '@yearly' -- true > /dev/null
asched add -q --name other '@yearly' -- true > /dev/null
asched add -q --name fails '@yearly' -- false > /dev/null
asched add -q --name still '2030-02-03 04:05' --shell 'echo a word' > /dev/null
asched run still --wait > /dev/null 2>&1
asched run fails --wait > /dev/null 2>&1
failing=$(asched --json runs fails | json_value id)
answer() {
	"answer_$1" > "$dir/answer.$1.now" && cmp "$dir/answer.$1" "$dir/answer.$1.now"
}

# limit N: the N-th allocation after the next request fails; 0: none does.
limit() {
	echo "$1" > "$trial/memory.new"
	mv "$trial/memory.new" "$trial/memory-request-heard"
}

# ask REQUEST: true if all about it is as it should be.
ask() {
	if command -v "answer_$1" > /dev/null; then
		answer "$1"
	else
		"ask_$1" || return
		limit 0
		! command -v "look_$1" > /dev/null || "look_$1"
	fi
}

# try REQUEST: with the n-th allocation failing. *was_hit*: there was one.
bad=
try() {
	! command -v "prepare_$1" > /dev/null || "prepare_$1"
	rm -f "$trial/memory-failed"
	limit "$n"
	ask "$1" > "$dir/out" 2>&1 || {
		bad="$bad $1:$n"
		diag "$1, n = $n: $(cat "$dir/out")"
	}
	limit 0
	asched status > /dev/null || bad="$bad $1:$n(then)"
	was_hit=
	[ ! -e "$trial/memory-failed" ] || was_hit=yes
	[ -z "$was_hit" ] || renew
}

try_many() {
	n=$((1 + ${ASCHED_TEST_SEED:-0} % step))
	was_hit=yes
	while [ -n "$was_hit" ]; do
		try "$1"
		n=$((n + step))
	done
	diag "$1: up to $n allocations"
}

# Each request has the next of a few.
try_one() {
	n=${few%% *}
	few="${few#* } $n"
	try "$1"
	[ -n "$was_hit" ] || bad="$bad $1:$n(no failure)"
}

for request in list show runs logs why; do
	"answer_$request" > "$dir/answer.$request"
done
for request in add set pause resume cancel run wait retry queue list show runs logs why status; do
	if [ -n "$step" ]; then
		try_many $request
	else
		try_one $request
	fi
done
is 'every request is answered in the end, and right' '' "$bad"
[ "$(ndeaths)" -gt 3 ]
ok $? "although the daemon died of it now and then ($(ndeaths) times)"
is 'every job that was added is there once' "$nadded" "$(asched list --names --limit 0 | grep -c '^j')"
at_rest() {
	[ "$(asched --json status | json_value runs_running)" = 0 ] &&
		[ "$(asched --json status | json_value runs_waiting)" = 0 ]
}
within 20 at_rest
is 'and every run that was asked for' "$nasked" "$(run_count other succeeded)"
is 'and every retry' $((nretried + 1)) "$(run_count fails failed)"
succeeds 'the database is whole' asched check
finish
