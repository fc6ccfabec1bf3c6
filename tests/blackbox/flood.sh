# A run that writes more than any disk holds: what it takes of the disk meanwhile is bounded, its head
# and tail are kept, it is not held up, and nothing else is late. ASCHED_TEST_FLOOD: MiB that it writes.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
total=${ASCHED_TEST_FLOOD:-200}
# What the fastest writer gets onto the disk between two looks.
limit=$((total / 16 > 128 ? total / 16 : 128))
printf '[daemon]\noutput-max = 128K\n' > "$dir/asched.conf"
daemon_start --config "$dir/asched.conf" || exit 1
asched add -q --name tick --every 1s -- true > /dev/null

# MiB that the outputs of all runs have on the disk: they are unlinked, so only their parent has them.
on_disk() {
	find "/proc/$daemon_pid/fd" -mindepth 1 -lname '*(deleted)' -exec stat -Lc %b {} + 2> /dev/null |
		awk '{ n += $1 } END { print int(n / 2048) }'
}

asched add -q --name flood --every 1d \
	--shell "echo HEAD; yes 0123456789abcde | head -c ${total}M; echo TAIL" > /dev/null
asched run flood --wait > /dev/null 2>&1 &
run=$!
peak=0
while kill -0 $run 2> /dev/null; do
	now=$(on_disk)
	[ "$now" -le $peak ] || peak=$now
	sleep 0.01
done
wait $run
is "a run that writes $total MiB succeeds" 0 $?
[ $peak -lt $limit ]
ok $? "and has less than $limit MiB on the disk at any time" || diag "$peak MiB"
diag "$peak MiB at the most"
is 'its head and its tail are kept' 'HEAD TAIL' \
	"$(asched logs flood 2> "$dir/said" | sed -n '1p;$p' | paste -sd ' ')"
is 'and it is said how much is not' $((total * 1048576 + 10 - 131072)) \
	"$(sed 's/[^0-9]*\([0-9]*\).*/\1/' "$dir/said")"
memory=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$daemon_pid/status")
[ -n "${ASCHED_TEST_SHORT-}" ] || [ "$memory" -lt 8192 ]
ok $? 'which takes the parent no memory' || diag "$memory KiB"
within 10 has_run tick succeeded
! asched --json runs tick --limit 0 | grep -qE '"state":"(failed|missed|lost|skipped)"'
ok $? 'and what was due meanwhile has run' || diag "$(asched runs tick)"
finish
