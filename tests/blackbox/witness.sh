# A witness outside of the daemon's reach, and what must agree with it afterwards; sourced after
# lib.sh. The jobs are named after their schedule: jN, where N % 4 says which it has.
#
#	witness_add N		adds it; what is acknowledged is noted
#	witness_rest		no more instants, and waits until nothing runs
#	witness_check		then: nothing acknowledged is missing, nothing ran twice, ...
witness=$dir/witness
acknowledged=$dir/acknowledged
: > "$witness"
: > "$acknowledged"

# One line a start, in one write: job, instant, run. The exit code follows from the run.
record="echo \"\$ASCHED_JOB \$ASCHED_DUE \$ASCHED_RUN\" >> '$witness'; exit \$((ASCHED_RUN % 3))"

witness_add() {
	case $(($1 % 4)) in
	0) when='every 2s' ;;
	1) when='in 1s' ;;
	2) when='*/3 * * * * *' ;;
	*) when='in 3s' ;;
	esac
	asched add -q --name "j$1" "$when" --missed all --missed-limit 1000 --overlap allow \
		--shell "$record" >> "$acknowledged" 2>> "$dir/refusals"
}

at_rest() {
	[ "$(asched --json status | json_value runs_running)" = 0 ] &&
		[ "$(asched --json status | json_value runs_waiting)" = 0 ]
}

no_single_left() {
	[ "$(asched --json list --limit 0 | grep '"name":"j[0-9]' | grep -vc '"kind":"\(every\|cron\)"')" = 0 ]
}

witness_rest() {
	within 20 no_single_left
	asched list -q --limit 0 | xargs -r "$ASCHED_BUILD/asched" pause > /dev/null 2>&1
	within 60 at_rest
	ok $? 'the system comes to rest'
}

# The jobs and the rows, one JSON object a line.
witness_read() {
	asched --json runs --limit 0 | grep '^ {' > "$dir/rows"
	asched --json list --all --limit 0 | grep '^ {"id":[0-9]*,"name":"j[0-9]' > "$dir/jobs"
}

# From the first instant after it was made up to its next one, a job's rows cover every instant.
uncovered_instants() {
	awk '
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
	}' every=2000000 cron=3000000 "$dir/jobs" "$dir/rows" 2>&1
}

# What the rows say of an end against what the witness did.
wrong_ends() {
	awk '
	function value(key) {
		if (!match($0, "\"" key "\":-?[0-9]+"))
			return ""
		return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
	}
	FILENAME ~ /witness$/ { started[$3] = 1; next }
	!/"job":"j[0-9]/ { next }
	{ run = value("id"); code = value("exit_code") }
	/"state":"succeeded"/ && (run % 3 != 0 || !started[run]) { print "run " run " did not succeed" }
	/"state":"failed"/ && (code != run % 3 || !started[run]) { print "run " run " did not exit " code }
	/"state":"lost"/ { print "run " run " is lost" }
	/"state":"(skipped|missed)"/ && started[run] { print "run " run " was started" }
	' "$witness" "$dir/rows" 2>&1
}

# witness_check NJOBS
witness_check() {
	witness_read
	sed 's/^ {"id":\([0-9]*\).*/\1/' "$dir/jobs" | sort > "$dir/listed"
	sort -u "$acknowledged" > "$dir/wanted"
	is 'nothing acknowledged is missing' '' "$(comm -13 "$dir/listed" "$dir/wanted")"
	is 'and nothing was added twice' "$1" "$(wc -l < "$dir/listed")"
	is 'no instant ran twice' '' "$(cut -d ' ' -f 1,2 "$witness" | sort | uniq -d)"
	[ "$(wc -l < "$witness")" -gt $(($1 / 2)) ]
	ok $? 'and a good many ran'
	sed -n 's/.*"id":\([0-9]*\),.*"job_id".*/\1/p' "$dir/rows" | sort > "$dir/runs"
	is 'a row for each start that the witness saw' '' \
		"$(cut -d ' ' -f 3 "$witness" | sort | comm -23 - "$dir/runs")"
	is 'every due instant has exactly one row' '' "$(uncovered_instants)"
	is 'and the row says what the witness did' '' "$(wrong_ends)"
}
