# The control protocol over the socket: the session in asched-protocol(7) is true, the manual names
# every method and parameter, and what is no protocol gets an error.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
page=$ASCHED_SOURCE/man/asched-protocol.7

talk() {
	"$ASCHED_BUILD/tests/fake/talk" "$dir/d/socket"
}

# Instants differ from day to day; all else has to be as printed.
without_times() {
	sed 's/\(_us":\)[0-9]*/\1T/g; s/"[0-9-]*T[0-9:.]*[+-][0-9:]*"/T/g'
}

daemon_start || exit 1

sed -n 's/^-> //p' "$page" | sed 's/\\e/\\/g' > "$dir/requests"
sed -n 's/^<- //p' "$page" | sed 's/\\e/\\/g' | without_times > "$dir/wanted"
while read -r request; do
	printf '%s\n' "$request" | talk
done < "$dir/requests" | without_times > "$dir/got"
is 'the session of the manual is true' '' "$(diff "$dir/wanted" "$dir/got" 2>&1)"
is 'the session has all its lines' 7 "$(wc -l < "$dir/requests" | tr -d ' ')"

again='{"jsonrpc":"2.0","id":1,"method":"job.add","params":{"every":"1h","shell":"true","key":"again"}}'
printf '%s\n' "$again" | talk > "$dir/first"
printf '%s\n' "$again" | talk > "$dir/second"
has 'a request with a key is done' '"schedule":"1h"' "$(cat "$dir/first")"
is 'the same key gives the same answer' "$(cat "$dir/first")" "$(cat "$dir/second")"
has 'another request with the key is refused' '"field":"key"' \
	"$(printf '%s\n' "$again" | sed 's/1h/2h/' | talk)"

missing=
echo '{"jsonrpc":"2.0","id":1,"method":"daemon.methods"}' | talk > "$dir/methods"
for name in $(sed 's/"fields":.*//' "$dir/methods" | grep -o '"name":"[a-z._]*"' |
	sed 's/.*:"//; s/"//'); do
	grep -q "\b$name\b" "$page" || missing="$missing $name"
done
is 'the manual names every method and parameter' '' "$missing"

# refusal_of PARAMS: the data of the error that job.add answers.
refusal_of() {
	echo "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"job.add\",\"params\":$1}" | talk |
		sed 's/.*"data"://'
}
has 'a field that is wrong is named as in a request' '"field":"limit_memory"' \
	"$(refusal_of '{"shell":"true","limit_memory":"much"}')"
has 'and on the command line as an option' 'asched: limit-memory: "much"' \
	"$(asched add --limit-memory much -- true 2>&1)"
has 'but not in its JSON' '"field":"limit_memory"' \
	"$(asched --json add --limit-memory much -- true 2>&1)"
has 'a misspelt field is put right as in a request' 'is \"retry_delay\" meant' \
	"$(echo '{"jsonrpc":"2.0","id":1,"method":"job.add","params":{"retry_dely":1}}' | talk)"
is 'the fields are listed as in a request' '' \
	"$(sed 's/.*"fields"://' "$dir/methods" | grep -o '"name":"[a-z_]*-[a-z_-]*"')"

# ask METHOD PARAMS
ask() {
	echo "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":{$2}}" | talk
}
has 'an instant may be microseconds' '"next_due_us":1893456000000000' \
	"$(ask job.add '"name":"later","shell":"true","at":1893456000000000')"
ask job.pause '"job":"later"' > "$dir/out"
has 'a job that is paused says since when' '"paused":"20' "$(ask job.get '"job":"later"')"
ask job.resume '"job":"later"' > "$dir/out"
has 'and one that goes on does not' '"paused":null' "$(ask job.get '"job":"later"')"
succeeds 'a job runs once' asched add --name once -- true
within 10 has_run once succeeded
run=$(asched --json runs once | json_value id)
has 'an attempt that never was is not found' "\"message\":\"run $run has no attempt 2\"" \
	"$(ask run.output "\"run\":$run,\"attempt\":2")"
fails_with 4 "attempt: run $run has no attempt 2" asched logs --run "$run" --attempt 2

has 'a line that is no JSON gets an error' '"code":-32700' "$(echo 'GET / HTTP/1.1' | talk)"
has 'a line in another encoding gets an error' '"code":-32700' \
	"$(printf '{"jsonrpc":"2.0","method":"\377"}\n' | talk)"
has 'a NUL gets an error' '"code":-32700' "$(printf '{"jsonrpc":"2.0","\000":1}\n' | talk)"
has 'a line of more than a MiB gets an error' '-32600,"message":"the line is over 1048576 bytes"' \
	"$(head -c 1200000 /dev/zero | tr '\0' 'x' | { cat; echo; } | talk 2> /dev/null)"
has 'a deep array gets an error' '"code":-32700' \
	"$(head -c 100000 /dev/zero | tr '\0' '[' | { cat; echo; } | talk)"
has 'garbage did no harm' ok "$(asched status)"
finish
