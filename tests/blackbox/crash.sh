# The daemon kills itself at each of its failpoints, once, or with ASCHED_TEST_TWICE twice in a row
# each. Then, as after random kills: nothing that was acknowledged is missing, nothing ran twice.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
. "$ASCHED_SOURCE/tests/blackbox/trial.sh"
. "$ASCHED_SOURCE/tests/blackbox/witness.sh"
daemon_start || exit 1
njobs=0

# Whoever is not answered looks whether it is there.
add() {
	njobs=$((njobs + 1))
	until witness_add $njobs; do
		within 10 asched status
		id=$(asched --json list --all "j$njobs" | json_value id)
		[ -z "$id" ] || { echo "$id" >> "$acknowledged"; return; }
	done
}

# Each is asked again until it was acknowledged, as somebody does who wants it.
try() {
	for turn in 1 2 3 4 5; do
		"$@" > "$dir/out" 2>&1 && return 0
		! grep -q 'is cancelled' "$dir/out" || return 0
		within 10 asched status
	done
	diag "$*: $(cat "$dir/out")"
	return 1
}

# What leads to a failpoint.
job_add() { add; }
job_set() { try asched set tool --timeout 1h; }
job_pause() { try asched pause tool; }
job_resume() { try asched resume tool; }
job_run() { try asched run --force tool; }
job_cancel() { asched add -q --name gone '@yearly' -- true > "$dir/out" 2>&1; try asched cancel gone; }
run_cancel() {
	asched run --force sleeper > "$dir/out" 2>&1
	within 5 has_run sleeper running
	asched cancel --run "$(asched --json runs sleeper --running | json_value id)" > "$dir/out" 2>&1
}
run_retry() { asched retry "$(asched --json runs failing --failed | json_value id)" > "$dir/out" 2>&1; }
queue_set() { try asched queues side --concurrency 3; }
timing_out() { asched run --force late > "$dir/out" 2>&1; }
requested() { asched run --force web > "$dir/out" 2>&1; }
talking() { asched run --force loud > "$dir/out" 2>&1; }
backup() { rm -f "$dir/copy"; asched backup "$dir/copy" > "$dir/out" 2>&1; }
restart() { asched restart > "$dir/out" 2>&1; }
list() { asched list > "$dir/out" 2>&1; }

asched add -q --name tool '@yearly' -- true > /dev/null
asched add -q --name sleeper '@yearly' -- sleep 60 > /dev/null
asched add -q --name failing -- false > /dev/null
asched add -q --name late '@yearly' --timeout 100ms -- sleep 60 > /dev/null
asched add -q --name web '@yearly' --http http://127.0.0.1:1/ > /dev/null
asched add -q --name loud '@yearly' --shell 'head -c 900000 /dev/zero' > /dev/null
within 10 has_run failing failed

dies_at() {
	point=$1
	shift
	ndeaths=$(grep -c 'the daemon died' "$dir/log") # some points are come to at any time
	: > "$trial/$point.1"
	case $point in
	*-stopping) ;; # it is stopped while that is written, and not again
	*) [ -z "${ASCHED_TEST_TWICE-}" ] || : > "$trial/$point.2" ;;
	esac
	"$@"
	is_over() {
		! ls "$trial/$point".? > /dev/null 2>&1 &&
			[ "$(grep -c 'the daemon died' "$dir/log")" -gt "$ndeaths" ]
	}
	within 10 is_over && within 10 asched status
	ok $? "it dies at $point and serves again" || rm -f "$trial/$point".?
	asched restart > /dev/null 2>&1 # then the spawner waits as short as at first
}

while read -r kind action; do
	dies_at "commit-$kind" "$action"
	dies_at "committed-$kind" "$action"
done <<-END
	job-add job_add
	job-set job_set
	job-pause job_pause
	job-resume job_resume
	job-run job_run
	job-cancel job_cancel
	run-cancel run_cancel
	run-retry run_retry
	queue-set queue_set
	claim job_add
	ended job_run
	stopping timing_out
	boot restart
	unfinished restart
	job-list list
END
while read -r point action; do
	dies_at "$point" "$action"
done <<-END
	request-heard list
	start-asked job_run
	start-sent job_run
	started-heard job_run
	ended-heard job_run
	forget-asked job_run
	forget-sent job_run
	http-begun requested
	backup-step backup
	place-file backup
	replace-file job_add
	fold-in-begin talking
	fold-in-end talking
	open-prepared restart
END

# The table above is complete: each failpoint of the sources was one.
named=$(grep -rho 'failpoint("[a-z-]*", "[a-z]*")\|? "[a-z]*" : "[a-z]*", "heard")' "$ASCHED_SOURCE/src" |
	grep -c .)
is 'these are all failpoints with names of their own' 13 "$named"

rm -f "$trial"/*.?
add; add; add; add
witness_rest
is 'what was acknowledged is counted' "$njobs" "$(sort -u "$acknowledged" | grep -c .)"
witness_check $njobs
succeeds 'the database is whole' asched check
finish
