# Bytes of the database are changed while the daemon is stopped. Whatever was hit: it is refused at
# the start, or found by asched check or by use, or nothing is wrong with what is listed and run.
# Never a crash, never an empty list, never another job than was asked for without a word. ASCHED_TEST_OFFSETS
# says how many places, ASCHED_TEST_SEED which.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
noffsets=${ASCHED_TEST_OFFSETS:-20}
seed=${ASCHED_TEST_SEED:-1}
[ -z "${ASCHED_TEST_SHORT-}" ] || noffsets=5
db=$dir/d/asched.db
daemon_start || exit 1
for i in $(seq 40); do
	asched add -q --name "j$i" "$i 4 * * *" --timeout "${i}s" --shell "exit $i" > /dev/null
done
for i in 1 2 3 4 5 6 7 8; do
	asched run "j$i" > /dev/null
done
at_rest() {
	[ "$(asched --json status | json_value runs_running)" = 0 ]
}
within 10 at_rest
# What people have asked for, and what became of it; what an attempt measured has no checksum.
listing() {
	asched --json list --all --limit 0 > "$dir/list" && asched --json runs --limit 0 > "$dir/runs" &&
		cat "$dir/list" "$dir/runs" | sed -E 's/"(detail|signal)":("[^"]*"|null)//g
			s/"(started(_us)?|exit_code|http_status)":("[^"]*"|[0-9]*|null)//g'
}
listing > "$dir/wanted"
daemon_stop TERM
cp "$db" "$dir/whole"
size=$(wc -c < "$db")
diag "$noffsets of $size bytes, ASCHED_TEST_SEED=$seed"

nrefused=0 nfound=0 nharmless=0 bad=
try_place() {
	cp "$dir/whole" "$db"
	printf "\\$(printf %03o $(($2 % 256)))" | dd of="$db" bs=1 seek="$1" conv=notrunc 2> /dev/null
	: > "$dir/log"
	"$ASCHED_BUILD/aschedd" --private "$dir/d" >> "$dir/log" 2>&1 < /dev/null &
	daemon_pid=$!
	if ! within 5 asched status; then
		wait "$daemon_pid"
		[ $? -eq 1 ] && grep -q "$db" "$dir/log" || bad="$bad $1(start)"
		daemon_pid=
		nrefused=$((nrefused + 1))
		return
	fi
	if ! listing > "$dir/got" 2>&1 || ! asched check > "$dir/out" 2>&1; then
		nfound=$((nfound + 1))
	elif cmp -s "$dir/wanted" "$dir/got"; then
		nharmless=$((nharmless + 1))
	else
		bad="$bad $1(silent)"
		diag "$(diff "$dir/wanted" "$dir/got" | cut -c 1-300)"
	fi
	! grep -q 'the daemon died' "$dir/log" || bad="$bad $1(crash)"
	daemon_stop TERM
}
for place in $(awk -v n="$noffsets" -v size="$size" -v seed="$seed" 'BEGIN {
	srand(seed)
	for (i = 0; i < n; i++)
		print int(rand() * size) ":" int(rand() * 256)
}'); do
	try_place "${place%:*}" "${place#*:}"
done
is 'damage is refused, found, or does no harm' '' "$bad"
diag "$nrefused refused, $nfound found, $nharmless harmless"

# The commands are all over the file: change one to another that would work as well.
cp "$dir/whole" "$db"
at=$(grep -abo 'exit 17' "$db" | head -n 1 | cut -d : -f 1)
printf 'exit 71' | dd of="$db" bs=1 seek="$at" conv=notrunc 2> /dev/null
fails_with 1 'its record is damaged' "$ASCHED_BUILD/aschedd" --private "$dir/d" --check-database
daemon_start || exit 1
fails_with 1 'its record is damaged' asched run j17
has 'it is shown as far as it can be read' 'cannot be read: put a backup' "$(asched show j17)"
has 'JSON has no defaults in the place of what it was' '"schedule":null' "$(asched --json show j17 | tr -d ' \n')"
has 'why tells that' 'the job is damaged' "$(asched why j17)"
succeeds 'but the others can be' asched run j18
daemon_stop TERM
cp "$dir/whole" "$db"
daemon_start || exit 1
is 'and the whole one is as it was' '' "$(listing | cmp - "$dir/wanted" 2>&1)"

# A damaged job that becomes due holds up no other.
asched add -q --name bad 'every 1s' --shell 'exit 99' > /dev/null
asched add -q --name good 'every 1s' -- true > /dev/null
within 10 has_run bad failed
daemon_stop TERM
for at in $(grep -abo 'exit 99' "$db" | cut -d : -f 1); do
	printf 'exit 98' | dd of="$db" bs=1 seek="$at" conv=notrunc 2> /dev/null
done
: > "$dir/log"
daemon_start || exit 1
runs=$(run_count good succeeded)
within 10 has_runs good succeeded $((runs + 2))
ok $? 'a damaged job holds up no other'
is 'it is said once' 1 "$(grep -c 'a job is set aside' "$dir/log")"
fails_with 1 'its record is damaged' asched check
has 'the list shows the others' ' good ' "$(asched list 2>&1)"
has 'and this one as what it is' damaged "$(asched list 2>&1 | grep ' bad ')"
has 'and so does JSON' '"state":"damaged"' "$(asched --json list)"
has 'its runs are told' 'exit 99' "$(asched runs bad)"
succeeds 'and what they wrote' asched logs bad
succeeds 'and why they ended so' asched why bad
fails_with 1 'its record is damaged' asched set bad --timeout 1m
succeeds 'a damaged job can be removed' asched cancel bad

# One that is damaged while the daemon is gone and its run goes on: the daemon serves.
asched add -q --name worn '@yearly' --shell "until [ -e '$dir/go' ]; do sleep 0.1; done; : w1" > /dev/null
asched cancel --kill good 2> /dev/null
daemon_stop TERM
daemon_start || exit 1
asched run worn > /dev/null
within 10 has_run worn running
kill -KILL "$daemon_pid" "$(daemon_pid_now)"
wait "$daemon_pid" 2> /dev/null
for at in $(grep -abo ': w1' "$db" | cut -d : -f 1); do
	printf ': w2' | dd of="$db" bs=1 seek="$at" conv=notrunc 2> /dev/null
done
daemon_start
ok $? 'a damaged job of which a run was running does not keep the daemon from serving'
: > "$dir/go"
is_lost() {
	asched --json runs --limit 0 | grep -q '"state":"lost"'
}
within 10 is_lost
ok $? 'and the run is lost when its process is gone'
has 'it is listed as damaged' damaged "$(asched list | grep ' worn ')"
finish
