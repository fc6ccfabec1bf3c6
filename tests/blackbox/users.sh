# Serving all users: who may connect, and that nobody gets at another's jobs, by any method.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
[ "$(id -u)" -eq 0 ] || skip_all 'only root can serve all users'
command -v setpriv > /dev/null || skip_all 'setpriv is not installed'
ann=12301 bob=12302 outcast=12303
known=$(id -u bin) # a user whom the system knows, unlike the others

# Others than root have to reach the programs and the socket.
chmod 755 "$dir"
mkdir "$dir/bin"
for program in asched aschedd asched-spawn tests/fake/talk tests/fake/crowd; do
	install -m 755 "$ASCHED_BUILD/$program" "$dir/bin/${program##*/}"
done
cat > "$dir/asched.conf" <<-END
	[daemon]
	user = daemon
	policy = $dir/spawn.conf
	backup-dir = $dir/backups
	[access]
	deny = $outcast
	max-jobs-per-user = 3
	max-requests-per-user = 200
END

echo "allow $known" > "$dir/spawn.conf"

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

mkdir "$dir/run"
chmod 777 "$dir/run"
fails_with 2 'others than root could put a socket of theirs there' "$dir/bin/aschedd" \
	--config "$dir/asched.conf" --socket "$dir/run/socket" --database "$dir/state/asched.db"
rmdir "$dir/run"

start_system
ok $? 'the daemon serves' || { diag "$(cat "$dir/log")"; finish; }
pid=$("$dir/bin/asched" --socket "$dir/run/socket" --json status | json_value pid)
is 'the daemon is not root' "$(id -u daemon)" "$(stat -c %u "/proc/$pid")"
is 'and has no capability' '0000000000000000' \
	"$(sed -n 's/^CapPrm:[[:space:]]*//p' "/proc/$pid/status")"
# status_of PID KEY: the value that /proc has.
status_of() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}
is 'nor a way to get one' '0000000000000000 1' "$(status_of "$pid" CapBnd) $(status_of "$pid" NoNewPrivs)"
if grep -q 'not confined' "$dir/log"; then
	skip 'others than root cannot dump or trace it' 'a build with sanitizers, or an old kernel'
	skip 'its system calls are filtered' 'a build with sanitizers, or an old kernel'
else
	is 'others than root cannot dump or trace it' 0 "$(stat -c %u "/proc/$pid/environ")"
	is 'its system calls are filtered' 2 "$(status_of "$pid" Seccomp)"
fi
is 'the state is for the daemon alone' '700 daemon' "$(stat -c '%a %U' "$dir/state")"
is 'the directory of the socket is root'"'"'s' '755 root' "$(stat -c '%a %U' "$dir/run")"
is 'the socket is open to all' '666' "$(stat -c %a "$dir/run/socket")"

ask $ann job.add '"name":"secret","every":"1h","command":["true"]' > "$dir/out"
job=$(json_value id < "$dir/out")
ask $ann job.run "\"job\":$job" > "$dir/out"
run=$(json_value run < "$dir/out")
ok "$([ "$job" = 1 ] && [ "$run" = 1 ]; echo $?)" 'a user adds and runs a job'

# last_run UID JOB: its newest run; ended: is that over?
last_run() {
	ask "$1" run.list "\"job\":$2,\"limit\":1"
}
ended() {
	last_run "$1" "$2" | grep -qE '"state":"(succeeded|failed)"'
}
within 20 ended $ann "$job"
has 'a user whom the system does not know runs nothing' \
	'"reason":"start-failed","detail":"user: ENOENT"' "$(last_run $ann "$job")"

# What confines the daemon is not its runs' to bear.
ask "$known" job.add '"name":"free","command":["cat","/proc/self/status"]' > "$dir/out"
free=$(sed 's/.*"result"://' "$dir/out" | json_value id)
within 20 ended "$known" "$free"
last_run "$known" "$free" > "$dir/out"
free_run=$(sed 's/.*"items":\[{"id":\([0-9]*\).*/\1/' "$dir/out")
ask "$known" run.output "\"run\":$free_run" > "$dir/out"
has 'a run may gain privileges, as by sudo' 'NoNewPrivs:\t0' "$(cat "$dir/out")"
has 'and has no filter' 'Seccomp:\t0' "$(cat "$dir/out")"

# Confined as it is, the daemon finds servers by their names.
"$ASCHED_BUILD/tests/fake/badhttp" > "$dir/port" &
server_pid=$!
within 10 test -s "$dir/port"
ask "$known" job.add "\"name\":\"web\",\"url\":\"http://localhost:$(cat "$dir/port")/ok\"" > "$dir/out"
web=$(sed 's/.*"result"://' "$dir/out" | json_value id)
within 20 ended "$known" "$web"
has 'the daemon sends a request to a server by its name' '"state":"succeeded"' "$(last_run "$known" "$web")"
kill $server_pid

# The same words for what is another's and for what does not exist, for every method that takes a job
# or a run; a method that is new is asked, too.
ask 0 daemon.methods '' | sed 's/"fields":.*//; s/{"name":"\([a-z]*\.[a-z]*\)"/\n\1 /g' |
	grep '^[a-z]*\.[a-z]* ' > "$dir/methods"
nothing=999 asked=
for param in job run; do
	id=$job
	[ $param = job ] || id=$run
	for method in $(sed -n "s/^\([a-z]*\.[a-z]*\) .*\"name\":\"$param\".*/\1/p" "$dir/methods"); do
		more=
		[ "$method" != job.set ] || more=',"retries":1'
		theirs=$(ask $bob "$method" "\"$param\":$id$more" | sed "s/ $id\"/ N\"/")
		none=$(ask $bob "$method" "\"$param\":$nothing$more" | sed "s/ $nothing\"/ N\"/")
		is "$method tells nothing about another's $param" "$none" "$theirs"
		# This one tells nothing before something happens: see below.
		[ "$method" = event.subscribe ] || has "$method finds none" '"code":-32000' "$theirs"
		asked="$asked $method"
	done
done
# Those that take neither; what they may tell is asked for below.
others=' job.add job.list queue.list queue.set schedule.next daemon.status daemon.reload
 daemon.restart daemon.backup daemon.check daemon.methods '
for method in $(sed 's/ .*//' "$dir/methods"); do
	echo "$asked $others" | grep -q " $method\( \|$\)" || ok 1 "$method has been asked"
done

mkfifo "$dir/hold"
as "$known" "$dir/bin/talk" "$dir/run/socket" < "$dir/hold" > "$dir/events" &
subscriber=$!
exec 4> "$dir/hold"
echo '{"jsonrpc":"2.0","id":1,"method":"event.subscribe","params":{}}' >&4
within 10 grep -q subscribed "$dir/events"
ask $ann job.run "\"job\":$job" > /dev/null
ask "$known" job.run "\"job\":$free" > /dev/null
within 10 grep -q '"event":"ended".*"job":"free"' "$dir/events"
ok $? 'who subscribes to events hears of the own jobs' || diag "$(cat "$dir/events")"
exec 4>&-
wait $subscriber
is 'and of no others' '' "$(grep secret "$dir/events")"
has 'a name of another is not found' '"code":-32000' "$(ask $bob job.get '"job":"secret"')"
has 'and may not be asked for' 'only operators' "$(ask $bob job.get "\"job\":\"$ann/secret\"")"
is 'lists are empty' '{"jsonrpc":"2.0","id":1,"result":{"items":[]}}' "$(ask $bob job.list '"all":true')"
is 'also when they ask for the owner' '{"jsonrpc":"2.0","id":1,"result":{"items":[]}}' \
	"$(ask $bob run.list "\"owner\":$ann")"
is 'of jobs, too' '{"jsonrpc":"2.0","id":1,"result":{"items":[]}}' \
	"$(ask $bob job.list "\"owner\":$ann,\"all\":true")"
for method in daemon.reload daemon.restart daemon.check; do
	has "$method is for operators" '"code":-32002' "$(ask $bob $method '')"
done
has 'daemon.backup is for operators' '"code":-32002' "$(ask $bob daemon.backup '"path":"/tmp/x"')"
has 'queue.set is for operators' '"code":-32002' \
	"$(ask $bob queue.set '"queue":"default","concurrency":1')"
has 'root sees the job by its owner and name' '"name":"secret"' \
	"$(ask 0 job.get "\"job\":\"$ann/secret\"")"
has 'who is denied is told so' '"code":-32002' "$(ask $outcast job.list '' 2>&1)"
has 'the overflow uid is nobody' '"code":-32002' "$(ask 65534 job.list '' 2>&1)"

for i in 1 2 3; do
	ask $bob job.add "\"name\":\"b$i\",\"every\":\"1h\",\"command\":[\"true\"]" > "$dir/out"
done
has 'a user has only so many jobs' 'this user has 3 jobs, of at most 3 (max-jobs-per-user)' \
	"$(ask $bob job.add '"every":"1h","command":["true"]')"

# A fork bomb under a limit ends alone, with all its processes.
ask "$known" job.add '"name":"bomb","limit-processes":40,"timeout":"2s","kill_after":"1s","leftovers":"kill","shell":"bomb() { bomb | bomb & }; bomb; sleep 30"' \
	| grep -q '"result"'
ok $? 'a fork bomb is added'
ask "$known" job.run '"job":"bomb"' > "$dir/out"
bomb_is_over() {
	ask "$known" run.list '"job":"bomb","limit":1' | grep -q '"state":"failed"'
}
within 20 bomb_is_over
ok $? 'it ends' || diag "$(ask "$known" run.list '"job":"bomb"')"
nobody_is_left() {
	[ -z "$(find /proc -maxdepth 1 -user "$known" 2> /dev/null)" ]
}
within 10 nobody_is_left
ok $? 'and nothing of it is left' || diag "$(ps -u "$known")"

# One who floods is answered later, the others are not.
as $ann "$dir/bin/crowd" "$dir/run/socket" flood 5000 > /dev/null 2>&1 &
flood_pid=$!
as "$known" "$dir/bin/crowd" "$dir/run/socket" probe 100 > "$dir/probe" 2>&1
limit=100000
[ -z "${ASCHED_TEST_SHORT-}" ] || limit=1000000
[ "$(sed -n 's/.*p99_us=\([0-9]*\).*/\1/p' "$dir/probe")" -lt $limit ] && kill -0 $flood_pid
ok $? 'a user is answered in time while another floods' || diag "$(cat "$dir/probe")"
kill $flood_pid
wait $flood_pid 2> /dev/null

# The mode of that other directory would let the daemon write there.
install -d -m 700 -o daemon "$dir/elsewhere"
has 'root makes a backup' '"result":' "$(ask 0 daemon.backup "\"path\":\"$dir/backups/a.db\"")"
if [ "$(status_of "$pid" Seccomp)" = 2 ] && ! grep -q 'no Landlock' "$dir/log"; then
	has 'but nowhere else' 'elsewhere/a.db: Permission denied' \
		"$(ask 0 daemon.backup "\"path\":\"$dir/elsewhere/a.db\"")"
else
	skip 'but nowhere else' 'the daemon is not confined'
fi

echo "operators = $bob" >> "$dir/asched.conf"
has 'root reloads' '"reloaded":true' "$(ask 0 daemon.reload '')"
has 'an operator sees all' '"name":"secret"' "$(ask $bob job.list '')"

# With a list of those who may, nobody else may, and who is on both lists may not.
echo "allow = $ann $outcast" >> "$dir/asched.conf"
has 'root reloads a list of those who may' '"reloaded":true' "$(ask 0 daemon.reload '')"
has 'who is on it may' '"result":' "$(ask $ann job.list '')"
has 'who is not may not' '"code":-32002' "$(ask "$known" job.list '' 2>&1)"
has 'operators need not be on it' '"result":' "$(ask $bob job.list '')"
has 'who is denied stays so' '"code":-32002' "$(ask $outcast job.list '' 2>&1)"
has 'and root may' '"result":' "$(ask 0 job.list '')"
daemon_stop TERM
is 'it stops' 0 $?

# A private daemon is for who started it, whatever the modes of its files.
ASCHED_SOCKET=$dir/d/socket
daemon_start
chmod 711 "$dir/d"
chmod 666 "$dir/d/socket"
has 'a private daemon serves nobody else' '"code":-32002' \
	"$(echo '{"jsonrpc":"2.0","id":1,"method":"daemon.status"}' | as $ann "$dir/bin/talk" "$dir/d/socket" 2>&1)"
daemon_stop TERM
finish
