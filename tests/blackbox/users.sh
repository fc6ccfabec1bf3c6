# Serving all users: who may connect, and that nobody gets at another's jobs, by any method.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
[ "$(id -u)" -eq 0 ] || skip_all 'only root can serve all users'
command -v setpriv > /dev/null || skip_all 'setpriv is not installed'
ann=12301 bob=12302 outcast=12303

# Others than root have to reach the programs and the socket.
chmod 755 "$dir"
mkdir "$dir/bin"
for program in asched aschedd asched-spawn tests/fake/talk; do
	install -m 755 "$ASCHED_BUILD/$program" "$dir/bin/${program##*/}"
done
cat > "$dir/asched.conf" <<-END
	[daemon]
	user = daemon
	[access]
	deny = $outcast
END

as() {
	uid=$1
	shift
	setpriv --reuid="$uid" --regid="$uid" --clear-groups "$@"
}

# ask UID METHOD PARAMS: the answer's line.
ask() {
	printf '{"jsonrpc":"2.0","id":1,"method":"%s","params":{%s}}\n' "$2" "$3" |
		as "$1" "$dir/bin/talk" "$dir/run/socket"
}

start_system() {
	"$dir/bin/aschedd" --config "$dir/asched.conf" --socket "$dir/run/socket" \
		--database "$dir/state/asched.db" >> "$dir/log" 2>&1 < /dev/null &
	daemon_pid=$!
	within 20 "$dir/bin/asched" --socket "$dir/run/socket" status
}

chmod 666 "$dir/asched.conf"
fails_with 2 'others than its owner may write to it' "$dir/bin/aschedd" --check-config \
	--config "$dir/asched.conf"
chmod 644 "$dir/asched.conf"
succeeds 'a configuration that only root can write is taken' "$dir/bin/aschedd" --check-config \
	--config "$dir/asched.conf"
sed 's/user = daemon/user = nosuchuser/' "$dir/asched.conf" > "$dir/nobody.conf"
fails_with 2 'there is no user nosuchuser for the daemon' "$dir/bin/aschedd" \
	--config "$dir/nobody.conf" --socket "$dir/run/socket" --database "$dir/state/asched.db"
sed 's/user = daemon/user = root/' "$dir/asched.conf" > "$dir/root.conf"
fails_with 2 'root is root: the daemon must not be' "$dir/bin/aschedd" \
	--config "$dir/root.conf" --socket "$dir/run/socket" --database "$dir/state/asched.db"

start_system
ok $? 'the daemon serves' || { diag "$(cat "$dir/log")"; finish; }
pid=$("$dir/bin/asched" --socket "$dir/run/socket" --json status | json_value pid)
is 'the daemon is not root' "$(id -u daemon)" "$(stat -c %u "/proc/$pid")"
is 'and has no capability' '0000000000000000' \
	"$(sed -n 's/^CapPrm:[[:space:]]*//p' "/proc/$pid/status")"
is 'the state is for the daemon alone' '700 daemon' "$(stat -c '%a %U' "$dir/state")"
is 'the directory of the socket is root'"'"'s' '755 root' "$(stat -c '%a %U' "$dir/run")"
is 'the socket is open to all' '666' "$(stat -c %a "$dir/run/socket")"

ask $ann job.add '"name":"secret","every":"1h","command":["true"]' > "$dir/out"
job=$(json_value id < "$dir/out")
ask $ann job.run "\"job\":$job" > "$dir/out"
run=$(json_value run < "$dir/out")
ok "$([ "$job" = 1 ] && [ "$run" = 1 ]; echo $?)" 'a user adds and runs a job'

# The same words for what is another's and for what does not exist.
nothing=999
while read -r method param id; do
	theirs=$(ask $bob "$method" "\"$param\":$id" | sed "s/ $id\"/ N\"/")
	none=$(ask $bob "$method" "\"$param\":$nothing" | sed "s/ $nothing\"/ N\"/")
	is "$method tells nothing about another's $param" "$none" "$theirs"
	has "$method finds none" '"code":-32000' "$theirs"
done <<-END
	job.get job $job
	job.pause job $job
	job.resume job $job
	job.cancel job $job
	job.run job $job
	job.next job $job
	job.why job $job
	run.list job $job
	run.get run $run
	run.output run $run
	run.cancel run $run
	run.retry run $run
END
has 'job.set finds none' '"code":-32000' "$(ask $bob job.set "\"job\":$job,\"retries\":1")"
has 'a name of another is not found' '"code":-32000' "$(ask $bob job.get '"job":"secret"')"
has 'and may not be asked for' 'only operators' "$(ask $bob job.get "\"job\":\"$ann/secret\"")"
is 'lists are empty' '{"jsonrpc":"2.0","id":1,"result":{"items":[]}}' "$(ask $bob job.list '"all":true')"
is 'also when they ask for the owner' '{"jsonrpc":"2.0","id":1,"result":{"items":[]}}' \
	"$(ask $bob run.list "\"owner\":$ann")"
for method in daemon.reload daemon.restart; do
	has "$method is for operators" '"code":-32002' "$(ask $bob $method '')"
done
has 'daemon.backup is for operators' '"code":-32002' "$(ask $bob daemon.backup '"path":"/tmp/x"')"
has 'queue.set is for operators' '"code":-32002' \
	"$(ask $bob queue.set '"queue":"default","concurrency":1')"
has 'root sees the job by its owner and name' '"name":"secret"' \
	"$(ask 0 job.get "\"job\":\"$ann/secret\"")"
has 'who is denied is told so' '"code":-32002' "$(ask $outcast job.list '' 2>&1)"
has 'the overflow uid is nobody' '"code":-32002' "$(ask 65534 job.list '' 2>&1)"

echo "operators = $bob" >> "$dir/asched.conf"
has 'root reloads' '"reloaded":true' "$(ask 0 daemon.reload '')"
has 'an operator sees all' '"name":"secret"' "$(ask $bob job.list '')"
daemon_stop TERM
is 'it stops' 0 $?
finish
