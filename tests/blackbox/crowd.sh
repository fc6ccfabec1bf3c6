# Clients that are too many, too slow, too fast or gone do no harm to the others.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
crowd=$ASCHED_BUILD/tests/fake/crowd
cat > "$dir/asched.conf" <<-END
	[daemon]
	max-connections = 2000
	max-connections-per-user = 1500
END
probe_limit_us=100000
# Sanitizers and busy machines are slow: there it is the order of magnitude that counts.
[ -z "${ASCHED_TEST_SHORT-}" ] || probe_limit_us=1000000

# answers SENTENCE SOCKET [AS...]: 200 questions, 99 % of them answered in time.
answers() {
	sentence=$1 socket=$2
	shift 2
	"$@" "$crowd" "$socket" probe 200 > "$dir/probe" 2>&1 &&
		[ "$(sed -n 's/.*p99_us=\([0-9]*\).*/\1/p' "$dir/probe")" -lt $probe_limit_us ]
	ok $? "$sentence" || diag "$(cat "$dir/probe")"
}

# crowd_comes WAY N: a crowd that stays until crowd_goes.
crowd_comes() {
	mkfifo "$dir/hold"
	"$crowd" "$dir/d/socket" "$1" "$2" < "$dir/hold" > "$dir/crowd" &
	crowd_pid=$!
	exec 3> "$dir/hold"
	within 20 grep -q ready "$dir/crowd"
}

crowd_goes() {
	exec 3>&-
	wait $crowd_pid
	rm "$dir/hold"
}

nfiles() {
	ls "/proc/$1/fd" | wc -l
}

daemon_start --config "$dir/asched.conf" || exit 1
pid=$(daemon_pid_now)
asched status > /dev/null

crowd_comes slow 1000
ok $? '1,000 clients send a byte at a time'
answers 'and the others are answered' "$dir/d/socket"
crowd_goes

before=$(nfiles "$pid")
"$crowd" "$dir/d/socket" leave "${ASCHED_TEST_LEAVE:-5000}"
ok $? 'thousands ask and go away'
few_files() {
	[ "$(nfiles "$pid")" -le $((before + 2)) ]
}
if [ -n "$before" ] && [ "$before" -gt 0 ]; then
	within 10 few_files
	ok $? 'and leave no descriptor behind' || diag "$before then, $(nfiles "$pid") now"
else
	skip 'and leave no descriptor behind' 'its descriptors cannot be seen'
fi
is 'the daemon is the same' "$pid" "$(daemon_pid_now)"
daemon_stop TERM

# Many jobs, and clients that ask for all of them and read nothing: memory is bounded, others are
# answered, and who reads gets every job once. What is not read may be 128 MiB in all.
njobs=${ASCHED_TEST_LISTED:-5000} ndeaf=30
[ -z "${ASCHED_TEST_SHORT-}" ] || njobs=1000 ndeaf=3
printf '[access]\nmax-jobs-per-user = 0\nmax-bytes-per-user = 0\n' >> "$dir/asched.conf"
daemon_start --config "$dir/asched.conf"
"$crowd" "$dir/d/socket" flood "$njobs"
crowd_comes deaf $ndeaf
ok $? "$ndeaf clients ask for pages of jobs and do not read"
# Each page takes the daemon some 20 ms, and there are 2,000 to come.
probe_limit_us=$((probe_limit_us * 5))
answers 'the others are answered' "$dir/d/socket"
probe_limit_us=$((probe_limit_us / 5))
is 'a list of all jobs has each once' "$njobs" "$(asched list -q --limit 0 | sort -u | wc -l)"
peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(daemon_pid_now)/status")
[ -n "${ASCHED_TEST_SHORT-}" ] || [ "$peak" -lt 262144 ]
ok $? 'in bounded memory' || diag "$peak KiB"
diag "$peak KiB at the most for $njobs jobs"
crowd_goes
daemon_stop TERM

# Few descriptors, many clients: some are refused, nothing spins, the store still works.
(ulimit -n 64 && exec "$ASCHED_BUILD/aschedd" --private "$dir/d" --config "$dir/asched.conf" \
	>> "$dir/log" 2>&1 < /dev/null) &
daemon_pid=$!
within 20 asched status
asched add -q --name tick --every 1s -- true > /dev/null
crowd_comes idle 300
ok $? '300 clients come to a daemon with 64 descriptors'
cpu_ticks() {
	awk '{ print $14 + $15 }' "/proc/$(daemon_pid_now)/stat"
}
ticks=$(cpu_ticks)
sleep 2
ticks=$(($(cpu_ticks) - ticks))
[ $ticks -lt 60 ]
ok $? 'it does not spin' || diag "$ticks ticks of the processor in 2 s"
crowd_goes
within 20 asched status
ok $? 'it answers when they are gone'
within 10 has_runs tick succeeded 3 &&
	! asched --json runs tick --limit 0 | grep -qE '"state":"(failed|missed|lost|skipped)"'
ok $? 'and has run what was due all the while' || diag "$(asched runs tick; tail -5 "$dir/log")"
daemon_stop TERM
is 'it stops' 0 $?
finish
