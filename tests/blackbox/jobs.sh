# The life of jobs: added, listed, run, looked at, changed, paused, cancelled.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
daemon_start || exit 1

is 'list of nothing says so on stderr, and succeeds' 'no jobs; asched add makes one, asched list --all shows finished ones too' \
	"$(asched list 2>&1)"
is 'and is an empty array in JSON' '[]' "$(asched --json list)"

asched add --name hello --in 1s -- sh -c 'echo hello; echo wrong >&2' > "$dir/out" 2> "$dir/err"
is 'add exits with 0' 0 $?
is 'add prints the id on stdout and nothing else' 1 "$(cat "$dir/out")"
has 'add says the name and the schedule in words on stderr' 'hello: once, at' "$(cat "$dir/err")"
has 'add says the next time on stderr' 'in 1s' "$(sed 's/, now$/, in 1s/' "$dir/err")"
has 'list shows it' 'hello' "$(asched list)"

asched add -q --name tick 'every 200ms' -- true > /dev/null
asched add -q --name failing --every 1h --shell 'exit 3' > /dev/null
asched add -q --name yearly '0 6 24 12 *' --tz Europe/Berlin --env A=1 --env 'B=x y' \
	--timeout 90s --shell 'cat' --stdin 'some text' > /dev/null
is 'a schedule of the same name is refused with 1' 1 "$(asched add --name tick -- true 2> /dev/null; echo $?)"
is 'the soonest job is listed first' tick "$(asched list --names 't*' 'nothing*' | head -n 1)"
is 'a pattern selects names' 'failing' "$(asched list --names 'fail*')"
is 'the limit holds' 1 "$(asched list -q --limit 1 | wc -l)"

within 10 has_run hello succeeded
ok $? 'a job that is due runs'
is 'logs has its stdout and its stderr' 'hello
wrong' "$(asched logs hello)"
is 'logs --run too' 'hello' "$(asched logs --run "$(asched --json runs hello | json_value id)" | head -n 1)"
within 10 has_runs tick succeeded 3
ok $? 'a repeating job runs again and again'
is 'a finished job is not listed any more' '' "$(asched list --names hello)"
is 'but with --all' hello "$(asched list --all --names hello)"
is 'runs knows how it ended' succeeded "$(asched --json runs hello | json_value state)"

is 'run --wait exits with the code of the run' 3 "$(asched run failing --wait > /dev/null 2>&1; echo $?)"
has 'list shows the last result' 'exit 3' "$(asched list failing)"
# outcome FILE: what JSON tells of the end of a run, which is the last one in it.
outcome() {
	tr -d ' \n' < "$1" | sed 's/.*\("started":[^}]*"http_status":[^,]*\).*/\1/'
}
asched --json list failing > "$dir/job"
asched --json runs failing --limit 1 > "$dir/run"
has 'and tells as much of that run' '"exit_code":3' "$(outcome "$dir/job")"
is 'as runs does' "$(outcome "$dir/run")" "$(outcome "$dir/job")"
is 'list --failed finds it' failing "$(asched list --failed --names)"
is 'run --follow shows the output' 'some text' "$(asched run yearly --follow 2> /dev/null)"

show=$(asched show yearly)
has 'show has the command' 'cat' "$show"
has 'show has the schedule' '0 6 24 12 *' "$show"
has 'show has the zone' 'Europe/Berlin' "$show"
has 'show has each variable' 'B=x y' "$show"
has 'show has the next times' '-12-24 05:00:00 UTC' "$show"
has 'show has what differs from the default' '1m30s' "$show"
case $show in
*retry-factor*) ok 1 'show leaves defaults out' ;;
*) ok 0 'show leaves defaults out' ;;
esac

succeeds 'set changes a field' asched set yearly --timeout 2h --env C=3
is 'and show tells' 2h "$(asched --json show yearly | json_value timeout)"
succeeds 'set --unset gives the default back' asched set yearly --unset timeout
is 'and the field is at its default' 0 "$(asched --json show yearly | json_value timeout)"
succeeds 'set changes the schedule' asched set yearly --cron '0 7 24 12 *'
has 'and the next time' '06:00:00' "$(asched list yearly)"

succeeds 'pause' asched pause tick
is 'a paused job says so' paused "$(asched --json list tick | json_value state)"
due=$(asched --json list tick | json_value next_due_us)
is_past() {
	[ "$(date +%s%6N)" -gt "$due" ]
}
within 5 is_past
count=$(asched --json runs tick --limit 0 | grep -c '"state":"succeeded"')
succeeds 'resume' asched resume tick
is 'and is active again' active "$(asched --json list tick | json_value state)"
within 10 has_runs tick succeeded $((count + 1))
ok $? 'and runs again'
has 'the pause is on record' paused "$(asched --json runs tick --limit 0)"

has 'why tells the chain of decisions' 'schedule is' "$(asched why tick)"
second=$(asched runs tick --limit 0 | awk '$5 == "schedule" { at = $3 " " $4 } END { print at }')
has 'and takes an instant as runs shows it, without decimals' "was due at $second." \
	"$(asched why tick --at "$second")"
has 'and tells when it started' 'attempt 1 started' "$(asched why tick --at "$second")"
is 'nothing comes after the last instant of a job' null "$(asched --json why hello | json_value following)"
is 'cancel removes jobs' 0 "$(asched cancel tick failing > /dev/null 2>&1; echo $?)"
is 'and list forgets them' yearly "$(asched list --names)"
has 'but not the record' '"state":"succeeded"' "$(asched --json runs tick --limit 3 2>&1 ||
	asched --json runs --limit 400)"

tabs=$(asched --json list --all | grep -c '^ {')
is 'list --json has one object a line' 4 "$tabs"
has 'status is well' 'ok' "$(asched status)"
is 'status --json has a pid' 0 "$(kill -0 "$(asched --json status | json_value pid)"; echo $?)"
succeeds 'backup makes a copy' asched backup "$dir/copy.db"
[ -s "$dir/copy.db" ]
ok $? 'which is there'
succeeds 'check finds nothing wrong with the living database' asched check
has 'and says so in JSON' '"whole":true' "$(asched --json check | tr -d ' ')"
succeeds 'nor does aschedd with the copy' "$ASCHED_BUILD/aschedd" --private "$dir/d" \
	--database "$dir/copy.db" --check-database
fails_with 1 'in use' "$ASCHED_BUILD/aschedd" --private "$dir/d" --check-database
succeeds 'queues sets a concurrency' asched queues default --concurrency 7
has 'queues lists the queue' default "$(asched queues)"
is 'with its concurrency' 7 "$(asched --json queues | json_value concurrency)"

is 'a job that two patterns match is listed once' "$(asched list -q 'y*')" "$(asched list -q 'y*' yearly 'yea*')"
has 'status shows the queues' 'default: 0 of 7 running, 0 waiting' "$(asched status)"
is 'and the same in JSON' 7 "$(asched --json status | json_value concurrency)"
has 'no trouble is no trouble' '"last_trouble_at": null' "$(asched --json status | sed 's, *: *,: ,g')"

edge=2026-12-24T11:00:00Z
is 'why tells an instant by the clock of the job, too' 'Thu 2026-12-24 11:00:00 UTC (2026-12-24 12:00:00 +01:00)' \
	"$(asched why yearly --at $edge | head -n 1)"
asched add -q --name boots --on-start -- true > /dev/null
is 'and once where the clocks agree' 'Thu 2026-12-24 11:00:00 UTC' "$(asched why boots --at $edge | head -n 1)"
is 'also where only the daemon knows the zone of the job' 'Thu 2026-12-24 06:00:00 EST (2026-12-24 11:00:00 +00:00)' \
	"$(TZ=America/New_York asched why boots --at $edge | head -n 1)"
asched queues held --pause > /dev/null 2>&1
asched add -q --name held --queue held -- true > /dev/null
has 'of a run that waits it knows for what' 'it waits: the queue held is paused' "$(asched why held)"
asched queues held --resume > /dev/null 2>&1
has 'of a boot it does not know when' 'will boot is not known' "$(asched why boots --at 2100-01-01T00:00:00Z)"
asched set yearly --cron '0 8 24 12 *' > /dev/null 2>&1
has 'it tells of an edit also before the job was made' 'was edited' "$(asched why yearly --at 2020-12-24T07:00:00Z)"
following=$(asched --json why yearly --at 2020-12-24T07:00:00Z | json_value following_us)
[ "$following" -gt "$(date +%s%6N)" ]
ok $? 'and nothing was due from then on'
asched add -q --name twice --max-runs 2 'every 1s' -- true > /dev/null
within 10 has_runs twice succeeded 2
ok $? 'a job runs max-runs times'
is 'and nothing comes after that' null "$(asched --json why twice | json_value following)"

daemon_stop TERM
is 'the daemon ends well when asked to' 0 $?
fails_with 3 socket asched list
finish
