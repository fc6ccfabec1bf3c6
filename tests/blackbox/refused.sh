# Bad input gets a message with field and value, exit code 2, and changes nothing.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
daemon_start || exit 1
talk() {
	"$ASCHED_BUILD/tests/fake/talk" "$dir/d/socket"
}

fails_with 2 'minute: 61 is not in 0-59' asched add --cron '61 * * * *' -- true
fails_with 2 'cron' asched add --cron '* * * *' -- true
fails_with 2 'Mars/Olympus' asched add --tz Mars/Olympus '@daily' -- true
fails_with 2 '../etc/passwd' asched add --tz ../etc/passwd '@daily' -- true
fails_with 2 'past' asched add --at '2001-01-01 00:00' -- true
fails_with 2 'every' asched add --every 5 -- true
fails_with 2 'never' asched add --cron '0 0 31 2 *' -- true
fails_with 2 'command' asched add 'in 2s' --
fails_with 2 'command' asched add 'in 2s'
fails_with 2 'command' asched add 'in 2s' -- ''
fails_with 2 'url' asched add 'in 2s' --http ftp://127.0.0.1/x
fails_with 2 'url' asched add 'in 2s' --http 'not a url'
fails_with 2 'retries: "many"' asched add --retries many -- true
fails_with 2 'priority: "10"' asched add --priority 10 -- true
fails_with 2 'retry-factor: "nan"' asched add --retry-factor nan -- true
fails_with 2 'tz: is empty' asched add --tz '' '@daily' -- true
fails_with 2 'output: is empty' asched add --output '' -- true
fails_with 2 'timeout' asched add --timeout 1month -- true
fails_with 2 'overlap: "both"' asched add --overlap both -- true
fails_with 2 'name' asched add --name 123 -- true
fails_with 2 'header' asched add --http http://127.0.0.1/ --header 'no colon'
fails_with 2 'expect' asched add --http http://127.0.0.1/ --expect-status 99
fails_with 2 'did you mean --timeout?' asched add --timeuot 3s -- true
fails_with 2 'umask' asched add --umask 999 -- true
long=$(head -c 70000 /dev/zero | tr '\0' x)
fails_with 2 'name' asched add --name "$long" -- true
fails_with 2 'shell' asched add --shell "$long"
is 'nothing of that was added' '[]' "$(asched --json list --all)"

fails_with 4 'nothing' asched show nothing
fails_with 4 '999' asched cancel 999
fails_with 4 'nothing' asched runs nothing
fails_with 4 '' asched logs nothing
fails_with 4 '' asched retry 999
fails_with 4 '' asched cancel --run 999
fails_with 4 'no job 999' timeout 10 "$ASCHED_BUILD/asched" events 999
fails_with 2 'run: names one run' asched logs --run 1 nothing
fails_with 2 'attempt: 4294967297' asched logs --attempt 4294967297 1
fails_with 2 'unset: "env" is set' asched set 1 --unset env --env A=1
fails_with 0 'no such runs' asched runs --failed
fails_with 0 'no such jobs' asched list 'x*'
fails_with 0 'no such jobs' asched list --queue x
fails_with 0 'no jobs; asched add' asched list

error() {
	json_value code
}
is 'malformed JSON is a parse error' -32700 "$(echo '{"jsonrpc":' | talk | error)"
is 'no request is an invalid request' -32600 "$(echo '[]' | talk | error)"
is 'an unknown method is not found' -32601 "$(echo '{"jsonrpc":"2.0","id":1,"method":"job.ad"}' | talk | error)"
has 'an unknown parameter is refused with the nearest' 'retries' \
	"$(echo '{"jsonrpc":"2.0","id":1,"method":"job.add","params":{"command":["true"],"retreis":1}}' | talk)"
has 'a NUL in a value is refused by its field' 'name' \
	"$(echo '{"jsonrpc":"2.0","id":1,"method":"job.add","params":{"command":["true"],"name":"a\u0000b"}}' | talk)"
has 'broken UTF-8 is a parse error' -32700 "$(printf '{"jsonrpc":"2.0","id":1,"method":"\377"}\n' | talk)"
has 'deep nesting is refused' error "$({ head -c 100000 /dev/zero | tr '\0' '['; echo; } | talk)"
has 'a line over the limit is refused' error "$({ head -c 1200000 /dev/zero | tr '\0' x; echo; } | talk)"
is 'a batch gets one line' 1 "$(echo '[{"jsonrpc":"2.0","id":1,"method":"daemon.status"},{"jsonrpc":"2.0","id":2,"method":"job.list"}]' | talk | wc -l)"
head -c 300000 /dev/urandom | talk > /dev/null 2>&1
succeeds 'random bytes hurt nobody else' asched status
is 'still nothing was added' '[]' "$(asched --json list --all)"

over=$(asched add -q --name over '@yearly' -- true)
asched cancel over
for verb in cancel 'cancel --kill' pause resume 'set --retries 1' run; do
	fails_with 2 "job: job $over is cancelled" asched $verb over
done
finish
