# What a job's policies do: retry, overlap, time-out, cancel, order, output.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
daemon_start || exit 1

asched add -q --name retrying --retries 2 --retry-delay 100ms --shell '
	echo try $ASCHED_ATTEMPT
	[ "$ASCHED_ATTEMPT" -ge 3 ]' > /dev/null
within 20 has_run retrying succeeded
ok $? 'a failed run is tried again until it succeeds'
is 'in one run with three attempts' 3 "$(asched --json runs retrying | json_value attempt)"
is 'each with an output of its own' 'try 3' "$(asched logs retrying)"
run=$(asched --json runs retrying | json_value id)
is 'of which the first is kept' 'try 1' "$(asched logs --run "$run" --attempt 1)"

asched add -q --name giving-up --retries 1 --retry-delay 50ms --shell 'exit 4' > /dev/null
within 20 has_run giving-up failed
ok $? 'a run out of retries has failed'
is 'with its exit code' 4 "$(asched --json runs giving-up | json_value exit_code)"
succeeds 'retry makes a new run' asched retry "$(asched --json runs giving-up | json_value id)"
within 20 has_runs giving-up failed 2
ok $? 'which fails as well'

asched add -q --name slow --timeout 300ms --kill-after 200ms --shell 'trap "" TERM; while :; do sleep 1; done' > /dev/null
within 20 has_run slow failed
ok $? 'a run that takes too long is ended, even if it ignores TERM'
is 'and says why' timeout "$(asched --json runs slow | json_value reason)"

asched add -q --name long 'every 150ms' -- sleep 1 > /dev/null
within 20 has_run long skipped
ok $? 'an instant at which the last run goes on is skipped'
is 'because of overlap' overlap "$(asched --json runs long --limit 0 | grep '"skipped"' | json_value reason)"
[ "$(run_count long running)" -le 1 ]
ok $? 'and only one run goes on'
fails_with 6 'is running' asched run long
asched cancel --kill long > /dev/null 2>&1

asched add -q --name both 'every 200ms' --overlap allow -- sleep 30 > /dev/null
within 20 has_runs both running 2
ok $? 'with overlap=allow two go on'
asched cancel --kill both > /dev/null 2>&1

asched add -q --name lingers -- sleep 600 > /dev/null
within 20 has_run lingers running
asched cancel lingers
is 'the run of a job that is removed goes on' running "$(asched --json runs lingers | json_value state)"
succeeds 'and is stopped by its name afterwards' asched cancel --kill lingers
within 20 has_run lingers cancelled
ok $? 'it is cancelled then'

asched add -q --name victim --shell 'echo begun; sleep 600' > /dev/null
within 20 has_run victim running
run=$(asched --json runs victim | json_value id)
within 10 sh -c '[ "$('"$ASCHED_BUILD"'/asched logs victim)" = begun ]'
ok $? 'the output of a running run can be read'
succeeds 'cancel --run stops it' asched cancel --run "$run"
within 20 has_run victim cancelled
ok $? 'and it ends as cancelled'
is 'with its output' begun "$(asched logs --run "$run")"

is 'run --wait exits with 124 for a time-out' 124 \
	"$(asched add -q --name t --every 1h --timeout 200ms -- sleep 60 > /dev/null
	asched run t --wait > /dev/null 2>&1; echo $?)"
is 'and with 128+n for a signal' 137 \
	"$(asched add -q --name k --every 1h --shell 'kill -9 $$' > /dev/null
	asched run k --wait > /dev/null 2>&1; echo $?)"
is 'and with 127 when the program does not exist' 127 \
	"$(asched add -q --name x --every 1h -- /nowhere/to/be/found > /dev/null
	asched run x --wait > /dev/null 2>&1; echo $?)"
has 'which is told' 'ENOENT' "$(asched runs x)"

asched add -q --name live --every 1h --shell 'for i in 1 2 3; do echo line $i; sleep 0.1; done' > /dev/null
is 'run --follow shows all of the output' 'line 1
line 2
line 3' "$(asched run live --follow 2> /dev/null)"
is 'output that is no text comes through as it is' "$(printf 'a\000b\377\n' | od -c)" \
	"$(asched add -q --name bytes --every 1h --shell 'printf "a\000b\377\n"' > /dev/null
	asched run bytes --wait > /dev/null; asched logs bytes | od -c)"

asched add -q --name env --every 1h --env GREETING='hi there' --cwd / --umask 077 \
	--shell 'echo "$GREETING $PWD $(umask) $ASCHED_JOB"; cat' --stdin 'from stdin' > /dev/null
is 'environment, directory, umask and input are as asked' 'hi there / 0077 env
from stdin' "$(asched run env --follow 2> /dev/null)"

asched queues narrow --concurrency 1 > /dev/null 2>&1
for i in 1 2 3; do
	asched add -q --name n$i --queue narrow -- sleep 0.3 > /dev/null
done
within 20 has_run n3 succeeded
ok $? 'a queue of one lets one after the other run'
# What is told of a job's next times keeps to its bounds as its runs do.
asched --utc add --name bounded --tz UTC --not-before 2190-01-01T00:00:00Z \
	--until 2190-01-02T12:00:00Z '0 9 * * *' -- true > /dev/null 2> "$dir/echo"
is 'add tells the next times from not-before on and up to until' '2190-01-01 09:00:00
2190-01-02 09:00:00' "$(grep -o '2[0-9-]* [0-9][0-9]:[0-9:]*' "$dir/echo")"
asched --utc add --name counted --tz UTC --max-runs 1 '0 0 1 1 *' -- true > /dev/null 2> "$dir/echo"
is 'and as many as max-runs lets it have' 1 "$(grep -c '[0-9]-01-01 00:00:00' "$dir/echo")"
finish
