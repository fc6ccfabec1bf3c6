# Somebody asks for long lists and does not read them while much is written: the database's log stays
# as small as ever, and the reader gets every page in the end. ASCHED_TEST_WRITES says how many
# changes of 60 KB there are.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
nwrites=${ASCHED_TEST_WRITES:-700}
npages=40 # 270 KB each: a peer with more than 16 MiB unread is dropped
daemon_start || exit 1
asched add -q --name big '@yearly' -- true > /dev/null
seq 200 | awk '{
	printf("%s{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"job.add\",\"params\":" \
		"{\"name\":\"j%d\",\"cron\":\"0 0 1 1 *\",\"command\":[\"true\"]}}", NR > 1 ? "," : "[", $1, $1)
} END { print "]" }' > "$dir/jobs"
"$ASCHED_BUILD/tests/fake/talk" "$ASCHED_SOCKET" < "$dir/jobs" > /dev/null

seq $npages | sed 's/.*/{"jsonrpc":"2.0","id":&,"method":"job.list","params":{"limit":500}}/' > "$dir/lists"
{
	"$ASCHED_BUILD/tests/fake/talk" "$ASCHED_SOCKET" < "$dir/lists"
} | {
	until [ -e "$dir/go" ]; do
		sleep 0.05
	done
	cat > "$dir/pages"
} &
reader=$!

# The greatest size of the log, looked at all the time.
while [ ! -e "$dir/go" ]; do
	wc -c < "$dir/d/asched.db-wal" >> "$dir/sizes"
	sleep 0.05
done &
watcher=$!
seq "$nwrites" | awk '
	BEGIN { for (text = "x"; length(text) < 60000;) text = text text }
	{ printf "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"job.set\",\"params\":" \
		"{\"job\":\"big\",\"shell\":\": %d %s\"}}\n", $1, $1, substr(text, 1, 60000) }' > "$dir/changes"
split -l 12 "$dir/changes" "$dir/part." # talk does not read while it cannot write
for part in "$dir"/part.*; do
	"$ASCHED_BUILD/tests/fake/talk" "$ASCHED_SOCKET" < "$part"
done > "$dir/answers"
is 'every change is made' "$nwrites" "$(grep -c '"result":{"id"' "$dir/answers")"
: > "$dir/go"
wait $watcher
written=$((nwrites * 60000))
most=$(sort -n "$dir/sizes" | tail -n 1)
[ "$most" -lt $((24 * 1024 * 1024)) ] && [ "$most" -gt 100000 ]
ok $? "the log stays below 24 MiB ($((written >> 20)) MiB were written, it had $((most >> 20)))"
within 30 sh -c "! kill -0 $reader"
is 'the reader gets all pages' $npages "$(grep -c '"result":{"items"' "$dir/pages")"
is 'each of them whole' $npages "$(grep -c '"name":"j200"' "$dir/pages")"
succeeds 'the database is whole' asched check
daemon_stop TERM
finish
