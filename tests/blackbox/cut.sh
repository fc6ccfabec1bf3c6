# A client dies at any byte of its request: nothing of it is done, or all; and who comes back with the
# same key gets one job. A few offsets, or each of them with ASCHED_TEST_LONG.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
daemon_start || exit 1
talk() {
	"$ASCHED_BUILD/tests/fake/talk" "$ASCHED_SOCKET"
}
request() {
	printf '{"jsonrpc":"2.0","id":1,"method":"job.add","params":{"name":"j%d","cron":"0 4 * * *","command":["true"],"key":"k%d"}}\n' "$1" "$1"
}

length=$(request 100 | wc -c)
step=8
[ -z "${ASCHED_TEST_LONG-}" ] || step=1
bad= nadded=0
for offset in $(seq 1 $step "$length") "$length"; do
	name=$((100 + offset))
	request $name | head -c "$offset" | talk > "$dir/first"
	is_answered=$(grep -c '"result":{"id"' "$dir/first")
	is_there=$(asched list --names --limit 0 | grep -c "^j$name\$")
	[ "$is_answered" = "$is_there" ] || bad="$bad $offset(half)"
	request $name | talk > "$dir/second"
	grep -q '"result":{"id"' "$dir/second" || bad="$bad $offset(again)"
done
is 'a request that was cut is done as a whole or not at all, and can be repeated' '' "$bad"
is 'no job is there twice' '' "$(asched list --names --limit 0 | sort | uniq -d)"

# Many at once, and none of them waits for its answer.
for i in $(seq 1000 1050); do
	request "$i" | talk > /dev/null &
	client=$!
	kill -KILL $client 2> /dev/null
	wait $client 2> /dev/null
done
for i in $(seq 1000 1050); do
	request "$i" | talk | grep -c '"result":{"id"'
done > "$dir/counts"
is 'clients that were killed can come back with their keys' 51 "$(grep -c '^1$' "$dir/counts")"
is 'and each has one job' 51 "$(asched list --names --limit 0 | grep -c '^j10[0-9][0-9]$')"
daemon_stop TERM
is 'the daemon ends well' 0 $?
finish
