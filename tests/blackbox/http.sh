# HTTP jobs through the real programs, against a server that misbehaves.
. "$ASCHED_SOURCE/tests/blackbox/lib.sh"

server_start() {
	"$ASCHED_BUILD/tests/fake/badhttp" >"$dir/port" &
	server_pid=$!
	trap 'kill $server_pid; clean_up' EXIT
	within 10 test -s "$dir/port"
	server=http://127.0.0.1:$(cat "$dir/port")
}

has_ended() { # JOB
	asched --json runs "$1" | grep -q '"ended":"'
}

# add PATH OPTIONS...: a job for now; its id is in $id.
add() {
	path=$1
	shift
	id=$(asched add --http "$server$path" "$@" 2>"$dir/err") || diag "$(cat "$dir/err")"
}

# add_wait PATH OPTIONS...: and its run has ended.
add_wait() {
	add "$@"
	within 20 has_ended "$id" || diag "no end: $(asched --json runs "$id")"
}

result_of() { # JOB: state reason detail
	json=$(asched --json runs "$1")
	for key in state reason detail; do
		printf '%s ' "$(echo "$json" | json_value "$key")"
	done
}

seen() { # PATH
	add_wait "/seen$1"
	asched logs "$id"
}

daemon_start
server_start

add_wait /echo --body '{"a": 1}' --header 'X-Mine: yes'
is 'a request whose status is expected succeeds' 'succeeded' "$(result_of "$id" | sed 's/ .*//')"
output=$(asched logs "$id" | tr -d '\r')
has 'its answer is the output' '{"a": 1}' "$output"
has 'a body makes it a POST' 'POST /echo' "$output"
has 'it has the headers of the job' 'X-Mine: yes' "$output"
has 'it has the run as idempotency key' 'Idempotency-Key: ' "$output"

add_wait /status/404
is 'a status that is not expected fails' 'failed http-status 404 ' "$(result_of "$id")"
add_wait /status/404 --expect-status 200,404
is 'it succeeds when the job expects it' 'succeeded' "$(result_of "$id" | sed 's/ .*//')"
add_wait /redirect
is 'a redirect is not followed' 'failed http-status 302 ' "$(result_of "$id")"
add_wait /hang --timeout 200ms
is 'no answer in time is a time-out' 'failed timeout timed out waiting for the answer ' \
	"$(result_of "$id")"
add_wait /endless-body
is 'an endless answer is cut' 'failed network too large: more than 1048576 bytes of body ' \
	"$(result_of "$id")"
is 'what was received is kept' 1048576 "$(asched logs "$id" | wc -c)"

begun=$(now_ms)
add_wait /retry-after/1 --retries 1 --retry-delay 1ms
took=$(($(now_ms) - begun))
is 'a failed request is sent again' 2 "$(seen /retry-after/1)"
test $took -ge 1000
ok $? 'but not before Retry-After' || diag "after $took ms"

add /hang --name stuck
within 10 sh -c "'$ASCHED_BUILD/asched' --json runs $id | grep -q '\"state\":\"running\"'"
run=$(asched --json runs "$id" | json_value id)
succeeds 'a request under way can be cancelled' asched cancel --run "$run"
within 10 has_ended "$id"
is 'it is recorded as cancelled' 'cancelled' "$(result_of "$id" | sed 's/ .*//')"

# After a crash of the daemon only what may reach the server twice is sent again.
add /delay/1000
get=$id
add /delay/1001 --body x
post=$id
within 10 test "$(asched --json list --running | grep -o '"id"' | wc -l)" -ge 2
within 10 test "$(seen /delay/1001)" = 1
kill -KILL "$(asched --json status | json_value pid)"
within 20 asched status
within 20 has_ended "$get"
within 20 has_ended "$post"
is 'after a crash a GET is sent again and succeeds' 'succeeded' "$(result_of "$get" | sed 's/ .*//')"
is 'after a crash a POST is lost' 'lost crash' "$(result_of "$post" | sed 's/ *[^ ]* $//; s/ $//')"
is 'the GET reached the server twice' 2 "$(seen /delay/1000)"
is 'the POST reached the server once' 1 "$(seen /delay/1001)"

for bad in ftp://127.0.0.1/ file:///etc/passwd 127.0.0.1; do
	fails_with 2 'url: ' asched add --http "$bad"
done
fails_with 2 'header: ' asched add --http "$server/ok" --header 'A: b
X: y'
fails_with 2 'header: "Content-Length"' asched add --http "$server/ok" --header 'Content-Length: 1'
fails_with 2 'method: ' asched add --http "$server/ok" --method get
fails_with 2 'expect-status: "2xx"' asched add --http "$server/ok" --expect-status 2xx
fails_with 2 'body: ' asched add --http "$server/ok" --method HEAD --body x
finish
