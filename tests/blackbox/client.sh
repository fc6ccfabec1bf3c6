# The client's side of the protocol, against a server that answers by a script.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"

socket=$dir/fake
ASCHED_SOCKET=$socket

# serve SCRIPT: one line a request; what came is in $dir/requests.
serve() {
	printf '%s\n' "$1" > "$dir/script"
	"$ASCHED_BUILD/tests/fake/fake_control" "$socket" < "$dir/script" > "$dir/requests" &
	server=$!
	within 10 test -S "$socket"
}

served() {
	kill "$server" 2> /dev/null
	wait "$server" 2> /dev/null
	rm -f "$socket"
}

fails_with 3 'No such file' asched list
fails_with 3 "$dir/nowhere" asched --socket "$dir/nowhere" list
: > "$socket"
fails_with 3 "$socket" asched list
rm -f "$socket"

# Which socket: the option, the variable, one's own; only then, if there is none, the system's.
mkdir -p "$dir/run/asched"
: > "$dir/run/asched/socket"
fails_with 3 "$dir/run/asched/socket" env -u ASCHED_SOCKET XDG_RUNTIME_DIR="$dir/run" \
	"$ASCHED_BUILD/asched" list
fails_with 3 "$dir/named" env ASCHED_SOCKET="$dir/named" XDG_RUNTIME_DIR="$dir/run" \
	"$ASCHED_BUILD/asched" list
fails_with 3 "$dir/given" env ASCHED_SOCKET="$dir/named" "$ASCHED_BUILD/asched" --socket "$dir/given" list
rm "$dir/run/asched/socket"
socket=$dir/run/asched/socket
serve '{"jsonrpc":"2.0","id":@,"result":{"id":7}}'
succeeds 'a daemon at the own socket is found' env -u ASCHED_SOCKET XDG_RUNTIME_DIR="$dir/run" \
	"$ASCHED_BUILD/asched" pause x
served
socket=$dir/fake

# Who serves there? Somebody else may have made the file.
if [ "$(id -u)" -eq 0 ] && command -v setpriv > /dev/null; then
	chmod 711 "$dir"
	mkdir -m 777 "$dir/foreign"
	cp "$ASCHED_BUILD/tests/fake/fake_control" "$dir/fake_control"
	echo '{"jsonrpc":"2.0","id":@,"result":{"id":7}}' |
		setpriv --reuid=12301 --regid=12301 --clear-groups "$dir/fake_control" "$dir/foreign/socket" \
			> /dev/null &
	server=$!
	within 10 test -S "$dir/foreign/socket"
	ASCHED_SOCKET=$dir/foreign/socket
	fails_with 5 'served by uid 12301' asched pause x
	succeeds 'but not who says so himself' asched --socket "$dir/foreign/socket" pause x
	ASCHED_SOCKET=$socket
	served
else
	skip 'a server of another user is not told anything' 'needs root and setpriv'
fi

while read -r number code name; do
	serve "{\"jsonrpc\":\"2.0\",\"id\":@,\"error\":{\"code\":$number,\"message\":\"because of $name\",\"data\":{\"field\":\"cron\"}}}"
	fails_with "$code" "asched: cron: because of $name" asched pause x
	served
done <<END
-32000 4 not-found
-32001 1 exists
-32002 5 denied
-32003 2 invalid
-32004 6 busy
-32006 6 unavailable
-32602 2 invalid-params
-32603 1 internal
END

lost='{"jsonrpc":"2.0","id":@,"error":{"code":-32005,"message":"the commit failed"}}'
refused='{"jsonrpc":"2.0","id":@,"error":{"code":-32006,"message":"the disk is full"}}'
done='{"jsonrpc":"2.0","id":@,"result":{"id":7}}'

serve "close
$done"
succeeds 'a change is repeated when the connection is lost' asched pause x
is 'and carries the same key both times' 1 \
	"$(grep -o '"key":"[0-9a-f]*"' "$dir/requests" | sort | uniq -c | awk '{ print ($1 == 2) }')"
served

serve "$lost
$done"
succeeds 'a change is repeated when its outcome is unknown' asched pause x
served

serve "$lost
$lost"
fails_with 6 'the commit failed' asched pause x
has 'and what that means is said' 'may or may not have happened' "$(cat "$dir/err")"
is 'but only once' 2 "$(wc -l < "$dir/requests")"
served

serve "$lost
$refused"
fails_with 6 'may or may not have happened' asched pause x
served

serve 'close
close'
fails_with 6 'may or may not have happened' asched pause x
served

serve 'close
close'
fails_with 3 'closed the connection' asched status
served

serve 'this is no JSON'
fails_with 1 'not understood' asched status
served

serve '{"jsonrpc":"2.0","id":99,"result":{}}'
fails_with 1 'not understood' asched status
served

serve '{"jsonrpc":"2.0","id":@,"result":{"items":[{"id":3,"name":"a\u001b[31mb","state":"active","schedule":"x\u202ey","kind":"cron","command":["sh","-c","it'"'"'s"]}]}}'
list=$(asched list)
has 'escape sequences in names do not reach the terminal' 'a^[[31mb' "$list"
has 'nor do direction overrides' 'x\u{202e}y' "$list"
has 'words are quoted as a shell would need them' "sh -c 'it'\\''s'" "$list"
served

serve '{"jsonrpc":"2.0","id":@,"result":{"items":[{"id":1}],"cursor":"c1"}}
{"jsonrpc":"2.0","id":@,"result":{"items":[],"cursor":"c2"}}
{"jsonrpc":"2.0","id":@,"result":{"items":[{"id":2}]}}'
is 'a list goes on over pages, empty ones too' '1 2' "$(asched list --quiet | paste -sd ' ')"
has 'each page continues at the cursor' '"cursor":"c2"' "$(tail -n 1 "$dir/requests")"
served

is 'what cannot be listed is not shown as empty' '' "$(asched --json list 2> /dev/null)"
serve '{"jsonrpc":"2.0","id":@,"result":{"items":[{"id":1}],"cursor":"c1"}}
{"jsonrpc":"2.0","id":@,"error":{"code":-32006,"message":"the disk is full"}}'
is 'nor is a part of it as the whole' '[
 {"id":1}' "$(asched --json list 2> /dev/null)"
served
serve '{"jsonrpc":"2.0","id":@,"result":{"items":[]}}'
is 'but what is empty is' '[]' "$(asched --json list)"
served

if [ "$(id -u)" -eq 0 ] && command -v setpriv > /dev/null; then
	chmod 777 "$dir"
	printf '%s\n' "$done" "$done" > "$dir/script"
	setpriv --reuid 65534 --clear-groups "$ASCHED_BUILD/tests/fake/fake_control" "$socket" \
		< "$dir/script" > "$dir/requests" &
	server=$!
	within 10 test -S "$socket"
	fails_with 5 'served by uid 65534, which is neither root nor you' asched pause x
	succeeds 'but --socket trusts it' asched --socket "$socket" pause x
	served
else
	skip 'a server of somebody else is not trusted' 'only root can be somebody else'
fi

deep=$dir/a-directory-whose-name-is-so-long-that-no-socket-address-can-hold-the-path
mkdir "$deep" "$deep/and-one-more-so-that-it-is-certain-that-it-is-too-long"
ln -s "$deep/and-one-more-so-that-it-is-certain-that-it-is-too-long" "$dir/near"
socket=$dir/near/s
serve "$done"
succeeds 'a socket path of any length is reached' \
	asched --socket "$deep/and-one-more-so-that-it-is-certain-that-it-is-too-long/s" pause x
served

fails_with 2 'needs a value: PATH' asched --socket= list
fails_with 2 'needs a value: PATH' asched --socket '' list
fails_with 2 'did you mean list?' asched lst
fails_with 2 'did you mean --name?' asched add --na x
fails_with 2 'did you mean --failed?' asched list --fialed
fails_with 2 'did you mean --retry-delay?' asched add --retry-dealy 3s
fails_with 2 'one word too many' asched add 'in 2s' echo hello
fails_with 2 'something is missing' asched pause
fails_with 2 'needs a value' asched add --cwd
fails_with 2 'takes no value' asched list --all=yes
fails_with 2 'not a number' asched runs --limit many
fails_with 2 'socket: needs a value' asched list --socket
fails_with 2 'color: needs a value' asched list --color
fails_with 2 'not auto, always or never' asched --color sometimes list
fails_with 2 'not the number of a run' asched retry x
fails_with 2 'not valid UTF-8' asched add -- "$(printf '\377')"
fails_with 2 'neither NAME=VALUE nor set here' asched add --env NOT_SET_ANYWHERE -- true
fails_with 2 '"code":"invalid"' asched --json runs --limit many
fails_with 2 'which job?' asched cancel
has 'the version is told behind a command, too' 'asched ' "$(asched list --version)"
fails_with 1 "$dir/nowhere: No such file" asched lint "$dir/nowhere"
fails_with 1 "$dir: Is a directory" asched lint "$dir"
finish
