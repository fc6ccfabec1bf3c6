# The daemon is killed 50 times at random moments while jobs are added and run. Then: nothing that
# was acknowledged is missing, no instant ran twice, every due instant has a row.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
nkills=${ASCHED_TEST_KILLS:-50}
njobs=${ASCHED_TEST_JOBS:-200}
[ -z "${ASCHED_TEST_SHORT-}" ] || nkills=10 njobs=60
daemon_start || exit 1
witness=$dir/witness
acknowledged=$dir/acknowledged
: > "$witness"
: > "$acknowledged"

# One line a start, in one write: job and instant.
record="echo \"\$ASCHED_JOB \$ASCHED_DUE\" >> '$witness'"

add_jobs() {
	i=0
	while [ $i -lt "$njobs" ]; do
		i=$((i + 1))
		case $((i % 4)) in
		0) when='every 2s' ;;
		1) when='in 1s' ;;
		2) when='*/3 * * * * *' ;;
		*) when='in 3s' ;;
		esac
		asched add -q --name "j$i" "$when" --missed all --missed-limit 1000 --overlap allow \
			--shell "$record" >> "$acknowledged" 2>> "$dir/refusals" || i=$((i - 1))
	done
}

add_jobs &
adder=$!
kills=0
while [ $kills -lt "$nkills" ]; do
	pid=$(daemon_pid_now)
	[ -n "$pid" ] || { sleep 0.01; continue; }
	sleep "0.$(shuf -i 10-60 -n 1)"
	kill -KILL "$pid" 2> /dev/null || continue
	kills=$((kills + 1))
	# After a planned restart the spawner waits as short as at first.
	[ $((kills % 2)) -ne 0 ] || asched restart > /dev/null 2>&1
done
wait $adder
is "all $njobs jobs were acknowledged in spite of $nkills kills" "$njobs" "$(wc -l < "$acknowledged")"
within 60 asched status
ok $? 'the daemon serves again'

asched --json list --all --limit 0 | grep -o '^ {"id":[0-9]*' | tr -dc '0-9\n' | sort > "$dir/listed"
sort -u "$acknowledged" > "$dir/wanted"
is 'nothing acknowledged is missing' '' "$(comm -13 "$dir/listed" "$dir/wanted")"
is 'and nothing was added twice' "$njobs" "$(wc -l < "$dir/listed")"

# Let everything end: no more instants, and no run under way.
asched list -q --limit 0 | xargs -r "$ASCHED_BUILD/asched" pause > /dev/null 2>&1
all_at_rest() {
	[ "$(asched --json status | json_value runs_running)" = 0 ] &&
		[ "$(asched --json status | json_value runs_waiting)" = 0 ]
}
within 60 all_at_rest
ok $? 'the system comes to rest'

is 'no instant ran twice' '' "$(sort "$witness" | uniq -d)"
[ "$(wc -l < "$witness")" -gt $((njobs / 2)) ]
ok $? 'and a good many ran'

asched --json runs --limit 0 | grep '^ {' > "$dir/rows"
asched --json list --all --limit 0 | grep '^ {' > "$dir/jobs"
sed 's/.*"job_id":\([0-9]*\),.*/\1/' "$dir/rows" | sort -u > "$dir/with_rows"
sed 's/^ {"id":\([0-9]*\),"name":"\([^"]*\)".*/\2 \1/' "$dir/jobs" | sort > "$dir/ids"
is 'a row for each start that the witness saw' '' "$(cut -d ' ' -f 1 "$witness" | sort -u |
	join - "$dir/ids" | cut -d ' ' -f 2 | sort | comm -23 - "$dir/with_rows")"

# From the first instant after it was made up to its next one, a job's rows cover every instant.
is 'every due instant has exactly one row' '' "$(awk '
	function value(key) {
		if (!match($0, "\"" key "\":-?[0-9]+"))
			return 0
		return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
	}
	FILENAME ~ /jobs$/ {
		job = value("id")
		match($0, "\"name\":\"j[0-9]+")
		kind = substr($0, RSTART + 9, RLENGTH - 9) % 4
		step = kind == 0 ? every : kind == 2 ? cron : 0
		made = value("created_us")
		first = kind == 0 ? made + step : step ? made - made % step + step : 0
		wanted[job] = step ? (value("next_due_us") - first) / step : 1
		next
	}
	/"trigger":"schedule"/ {
		covered[value("job_id")] += value("count")
	}
	END {
		for (job in wanted) {
			if (covered[job] + 0 != wanted[job])
				printf "job %d: rows for %d instants of %s\n", job, covered[job], wanted[job]
		}
	}' every=2000000 cron=3000000 "$dir/jobs" "$dir/rows")"
once=$(grep -c . "$dir/with_rows")
is 'every job has come due' "$njobs" "$once"
finish
