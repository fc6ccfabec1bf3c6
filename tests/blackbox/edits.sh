# Jobs are edited just when they are due, again and again: each instant has one row, and is run by
# the old or by the new version, never by both. ASCHED_TEST_EDITS says how often.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
nedits=${ASCHED_TEST_EDITS:-200}
njobs=50
daemon_start || exit 1
witness=$dir/witness
: > "$witness"

command_of() {
	echo "echo \$ASCHED_JOB \$ASCHED_DUE $1 >> '$witness'"
}
for i in $(seq $njobs); do
	asched add -q --name "j$i" '* * * * * *' --shell "$(command_of 0)" > /dev/null
done

# One edit of every job, from some milliseconds before a full second on.
version=0
while [ $((version * njobs)) -lt "$nedits" ]; do
	version=$((version + 1))
	for i in $(seq $njobs); do
		printf '{"jsonrpc":"2.0","id":%d,"method":"job.set","params":{"job":"j%d","shell":"%s"}}\n' \
			"$i" "$i" "$(command_of $version)"
	done > "$dir/requests"
	sleep "$(date +%N | awk -v early="$(shuf -i 1-15 -n 1)" '
		{ left = 1 - $1 / 1e9 - early / 1000; print (left > 0 ? left : 0) }')"
	"$ASCHED_BUILD/tests/fake/talk" "$ASCHED_SOCKET" < "$dir/requests" >> "$dir/answers"
done
is 'every edit was acknowledged' $((version * njobs)) "$(grep -c '"result":{"id"' "$dir/answers")"

asched list --names | xargs "$ASCHED_BUILD/asched" pause > /dev/null 2>&1
at_rest() {
	[ "$(asched --json status | json_value runs_running)" = 0 ]
}
within 20 at_rest
is 'no instant was run by two versions' '' "$(cut -d ' ' -f 1,2 "$witness" | sort | uniq -d)"

# Each job: instants from the first to the one before the next due.
asched --json runs --limit 0 | grep '^ {' > "$dir/rows"
asched --json list --limit 0 | grep '^ {' > "$dir/jobs"
is 'each instant has one row' '' "$(awk '
	function value(key) {
		if (!match($0, "\"" key "\":-?[0-9]+"))
			return 0
		return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
	}
	FILENAME ~ /jobs$/ {
		made = value("created_us")
		wanted[value("id")] = (value("next_due_us") - (made - made % 1000000 + 1000000)) / 1000000
		next
	}
	{ covered[value("job_id")] += value("count") }
	END {
		for (job in wanted) {
			if (covered[job] + 0 != wanted[job])
				printf "job %d: rows for %d instants of %s\n", job, covered[job], wanted[job]
		}
	}' "$dir/jobs" "$dir/rows" 2>&1)"
grep -o '"state":"[a-z]*","reason":[^,]*' "$dir/rows" | sort | uniq -c | sed 's/^/# /'
is 'and what is recorded as run was run' "$(grep -c '"state":"succeeded"' "$dir/rows")" "$(wc -l < "$witness")"
is 'nothing was left out because of an edit' 0 "$(grep -c '"reason":"edited"' "$dir/rows")"
daemon_stop TERM
is 'the daemon ends well' 0 $?
finish
