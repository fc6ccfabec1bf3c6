# The clock of the real daemon is set: by an hour and a day, both ways, and it starts in 1970. Jobs
# go on by the new time, nothing runs twice, the step is on record; and a clock that cannot be
# believed claims nothing. With ASCHED_TEST_LONG it is also waited for in vain.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
. "$ASCHED_SOURCE/tests/blackbox/trial.sh"
daemon_start || exit 1
record="echo \"\$ASCHED_JOB \$ASCHED_DUE\" >> '$dir/witness'"
: > "$dir/witness"
asched add -q --name every 'every 1s' --overlap allow --shell "$record" > /dev/null
asched add -q --name cron '* * * * * *' --overlap allow --shell "$record" > /dev/null
within 10 has_run cron succeeded
ok $? 'jobs run'

starts() {
	grep -c "^$1 " "$dir/witness"
}
goes_on() {
	n=$(starts "$1")
	more() {
		[ "$(starts "$1")" -ge $((n + 2)) ]
	}
	within 8 more "$1"
	ok $? "$1 goes on $2" || diag "$(asched why "$1"; tail -5 "$dir/log")"
}

# A battery that is empty: 1970.
daemon_stop TERM
n=$(wc -l < "$dir/witness")
clock $((1000 - $(date +%s)))
daemon_start || exit 1
has 'a clock before its time is doubted aloud' 'before this program was made' "$(asched status)"
succeeds 'what somebody asks for is accepted' asched run every
manual_start() {
	[ "$(wc -l < "$dir/witness")" -gt "$n" ]
}
within 10 manual_start
ok $? 'and run' || diag "$(asched runs every; tail -5 "$dir/log")"
asched add -q --name doubted -- true > /dev/null
has 'and why tells what holds it up' 'nothing is started now: the clock' "$(asched why doubted)"
is 'what is due by that clock is not' $((n + 1)) "$(wc -l < "$dir/witness")"
clock 0
goes_on every 'when the clock is set right'
goes_on cron 'when the clock is set right'

# More than a year ahead of what was seen last. What is old by that clock is kept.
asked='{"jsonrpc":"2.0","id":1,"method":"job.run","params":{"job":"rare","key":"k-77"}}'
ask() {
	echo "$asked" | "$ASCHED_TOOLS/talk" "$ASCHED_SOCKET"
}
asched add -q --name rare 'every 1d' --shell "$record" > /dev/null
first=$(ask)
within 10 has_run rare succeeded
ok $? 'a request with a key starts a run'
rows=$(run_count every succeeded)
daemon_stop TERM
clock 34560000
daemon_start || exit 1
has 'a clock far ahead is doubted, too' 'more than a day after' "$(asched status)"
sleep 2 # the history is trimmed a second after a start
clock 0
has_runs every succeeded "$rows"
ok $? 'a doubted clock costs no history' || diag "$(asched runs)"
is 'and the same request is answered as before' "$first" "$(ask)"
is 'and runs once' 1 "$(starts rare)"
goes_on every 'when the clock is set right'
# Set while it runs. What recurs goes on, as there is no run for those instants yet.
for seconds in -3600 0 -86400 0 3600 86400; do
	clock $seconds
	goes_on every "when the clock is $seconds s off"
	goes_on cron "when the clock is $seconds s off"
done
# To and fro by a second, as two that set it and do not agree: too little to be a step.
pid=$(daemon_pid_now)
cpu_ticks() {
	awk '{ print $14 + $15 }' "/proc/$pid/stat"
}
ticks=$(cpu_ticks)
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	clock 86401
	sleep 0.1
	clock 86400
	sleep 0.1
done
ticks=$(($(cpu_ticks) - ticks))
[ $ticks -lt 60 ]
ok $? 'it does not spin when the clock goes to and fro' || diag "$ticks ticks of the processor in 3 s"
goes_on every 'after that'
goes_on cron 'after that'
# A day off by mistake, for a moment: the hours of that day are still to come.
asched add -q --name hourly --missed skip '0 * * * *' -- true > /dev/null
clock 172800
within 8 has_run hourly missed
ok $? 'what a clock has jumped over is missed'
clock 86400
given_back() {
	asched --json runs hourly | grep '"state":"missed"' | grep '"trigger":"clock"' | grep -q 'given back'
}
within 8 given_back
ok $? 'and given back when it was a mistake' || diag "$(asched runs hourly)"
next=$(asched --json list hourly | sed -n 's/.*"next_due":"\([^"]*\)".*/\1/p')
has 'so that the next hour is due' 'it will be due then' "$(asched why hourly --at "$next")"

rows=$(asched --json runs --limit 0)
is 'each step is on record' 10 "$(echo "$rows" | grep -c '"detail":"set ')"
has 'and what it jumped over is missed because of the clock' '"reason":"clock"' "$(echo "$rows" | grep '"state":"missed"')"
is 'no instant ran twice' '' "$(grep -v 1970 "$dir/witness" | sort | uniq -d)"
# Nobody sets it: then what the machine has is used.
[ -z "${ASCHED_TEST_LONG-}" ] || {
	daemon_stop TERM
	clock $((1000 - $(date +%s)))
	: > "$dir/log"
	daemon_start || exit 1
	within 70 grep -q 'it stays as it is' "$dir/log"
	ok $? 'a clock that nobody sets is used in the end'
	goes_on every 'by it'
}
daemon_stop TERM
is 'the daemon ends well' 0 $?
finish
