# Headers, credentials and bodies that stand in files: sent, and found nowhere else.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
"$ASCHED_BUILD/tests/fake/badhttp" > "$dir/port" &
server_pid=$!
trap 'kill $server_pid; clean_up' EXIT
within 10 test -s "$dir/port"
server=http://127.0.0.1:$(cat "$dir/port")
daemon_start || finish
marker=mArKeR$$x

# run OPTIONS...: runs a job with these; its id is in $job, what became of it in $result.
run() {
	job=$(asched add --in 1h --quiet "$@") || return
	asched run --wait "$job" > /dev/null 2>&1
	json=$(asched --json runs "$job")
	result="$(echo "$json" | json_value state) $(echo "$json" | json_value detail)"
}

mkdir "$dir/a place"
cd "$dir/a place" || exit 1
ulimit -S -c "$(ulimit -H -c)" # what may leave a core does
printf '# for the test\nX-Mine: %s-1\n\nX-Other: b\r\n' $marker > headers
password=$(printf '%s-2-%0200d' $marker 0)
printf 'basic me:%s\n' "$password" > basic
encoded=$(printf 'me:%s' "$password" | base64 -w 0)
printf 'bearer %s-3' $marker > bearer
printf '{"a": "%s-4"}\n' $marker > body
chmod 600 headers basic bearer body
run --http "$server/echo" --header-file headers --auth-file basic --body @body
is 'a request with files succeeds' 'succeeded ' "$result"
output=$(asched logs "$job" | tr -d '\r')
has 'its headers are sent' "X-Mine: $marker-1
X-Other: b" "$output"
has 'its credentials too' "Authorization: Basic $encoded" "$output"
has 'its body too' "{\"a\": \"$marker-4\"}" "$output"
has 'as a POST' 'POST /echo' "$output"
asched cancel "$job" > /dev/null 2>&1
run --http "$server/echo" --auth-file bearer --method PUT --body-file body
has 'a token is sent' "PUT /echo HTTP/1.1" "$(asched logs "$job")"
has 'as it is' "Authorization: Bearer $marker-3" "$(asched logs "$job")"
has 'show tells the paths' "$dir/a place/bearer" "$(asched show "$job")"
echo "bearer new" > bearer
asched run --wait "$job" > /dev/null
has 'the file is read anew every time' "Authorization: Bearer new" "$(asched logs "$job")"

# A daemon of its own, so that nothing has been echoed.
daemon_stop TERM
rm -rf "$dir/d" "$dir/log"
printf '[daemon]\nlog-level = debug\n' > "$dir/debug.conf"
daemon_start --config "$dir/debug.conf"
printf 'bearer %s-3' $marker > bearer
run --http "$server/ok" --header-file headers --auth-file bearer --body @body
is 'a request is sent' 'succeeded ' "$result"
asched add --in 1h --quiet --name hangs --http "$server/hang" --header-file headers --auth-file basic --body @body > /dev/null
asched run hangs > /dev/null
within 5 has_run hangs running
ps axeww > "$dir/ps" 2> /dev/null
{
	asched list --all
	asched --json list --all
	asched show "$job"
	asched --json show "$job"
	asched --json runs
	asched --json show --run 1
	asched logs --run 1
	asched why "$job"
	asched --json status
} > "$dir/told" 2>&1
if grep -q 'not confined: a build with sanitizers' "$dir/log"; then
	skip 'a daemon of one user is confined, too' 'a build with sanitizers'
else
	is 'a daemon of one user is confined, too' '1 2' \
		"$(sed -n 's/^\(NoNewPrivs\|Seccomp\):[^0-9]*//p' "/proc/$(daemon_pid_now)/status" | paste -sd ' ')"
fi
is 'the daemon dumps no core' '0 0' "$(sed -n 's/^Max core file size *\([0-9]*\) *\([0-9]*\) .*/\1 \2/p' \
	"/proc/$(daemon_pid_now)/limits")"
asched cancel --kill hangs > /dev/null 2>&1
for file in headers basic bearer body; do # a line that is wrong is not quoted either
	printf '%s-5 %s\n\000' $marker $marker > wrong
	case $file in
	headers) run --http "$server/ok" --header-file wrong ;;
	body) run --http "$server/ok" --body-file wrong ;;
	*) run --http "$server/ok" --auth-file wrong ;;
	esac
	asched --json show --run "$(asched --json runs "$job" | json_value id)" >> "$dir/told"
done
printf 'SECRET=%s-6\n' $marker > environment
job=$(asched add --in 1h --quiet --env-file environment --shell 'echo "${#SECRET}"')
asched run --wait "$job" > /dev/null 2>&1
is 'a command has its secret, too' $((${#marker} + 2)) "$(asched logs "$job")"

# memory_of PID: what it has written, as it is now.
memory_of() {
	sed -n 's/^\([0-9a-f]*\)-\([0-9a-f]*\) rw.*/\1 \2/p' "/proc/$1/maps" | while read -r from to; do
		dd if="/proc/$1/mem" bs=4096 skip=$((0x$from / 4096)) \
			count=$(((0x$to - 0x$from) / 4096)) 2> /dev/null
	done
}

# remembers PID TEXT: is the text anywhere in the memory of that process?
remembers() {
	memory_of "$1" | grep -qaF "$2"
}

# forgets WHO PID: none of the secrets is in its memory, in whatever form it is used.
forgets() {
	kept=
	for text in $marker "$(echo "$encoded" | cut -c 1-16)"; do
		within 2 not remembers "$2" "$text" || kept="$kept $text"
	done
	is "$1 does not remember the secrets" '' "$kept"
}

not() {
	! "$@"
}

pid=$(daemon_pid_now)
if [ "$(id -u)" -ne 0 ] || grep -q 'not confined: a build with sanitizers' "$dir/log"; then
	skip 'the daemon does not remember the secrets' 'only root can look, and not with sanitizers'
	skip 'the spawner does not remember the secrets' 'only root can look, and not with sanitizers'
	skip 'nor what else a run was given' 'only root can look, and not with sanitizers'
else
	remembers "$pid" "$dir/a place/bearer" && remembers "$daemon_pid" "$ASCHED_SOCKET"
	ok $? 'who looks into a memory finds what is there'
	forgets 'the daemon' "$pid"
	forgets 'the spawner' "$daemon_pid"
	asched run --wait "$(asched add --in 1h --quiet --env PLAIN=pLaIn$$x -- true)" > /dev/null 2>&1
	within 2 not remembers "$daemon_pid" pLaIn$$x
	ok $? 'nor what else a run was given'
fi

# cores: those of our programs and of jobs.
cores() {
	find "$dir" -name 'core*' -type f | sed "s,$dir/,," | tr '\n' ' '
}

# What a crash of a job leaves is the job's own business, as ever.
job=$(asched add --in 1h --quiet --cwd "$dir" --shell 'ulimit -H -c; ulimit -S -c; kill -ABRT $$')
asched run --wait "$job" > /dev/null 2>&1
if grep -q 'not confined: a build with sanitizers' "$dir/log"; then
	skip 'a job has the limits of cores that its starter has' 'sanitizers take them away'
	skip 'and leaves one' 'sanitizers take them away'
else
	is 'a job has the limits of cores that its starter has' "$(ulimit -H -c) $(ulimit -S -c)" \
		"$(asched logs "$job" | tr '\n' ' ' | sed 's/ $//')"
	if [ "$(ulimit -S -c)" != 0 ] && grep -q '^core' /proc/sys/kernel/core_pattern; then
		has 'and leaves one' core "$(cores)"
	else
		skip 'and leaves one' 'cores do not come to the working directory here'
	fi
fi
rm -f "$dir"/core*
killed=$(daemon_pid_now)
kill -ABRT "$killed"
is_anew() {
	[ "$(daemon_pid_now)" != "$killed" ] && asched status
}
within 20 is_anew
is 'a daemon that crashes leaves none' '' "$(cores)"
daemon_stop ABRT
is 'nor does a spawner' '' "$(cores)"
rm wrong
is 'the secrets stand in their files and nowhere else' '' \
	"$(grep -rla $marker "$dir" | grep -v "a place/" | tr '\n' ' ')"
daemon_start

for case in 'header-file:gone:ENOENT' 'auth-file:.:EINVAL' 'body-file:fifo:EINVAL' \
	'header-file:big:EFBIG'; do
	field=${case%%:*} rest=${case#*:}
	file=${rest%:*}
	[ "$file" = fifo ] && mkfifo fifo
	[ "$file" = big ] && truncate -s 1048577 big
	run --http "$server/ok" "--$field" "$file"
	is "$field $file fails the start" "failed $field: ${case##*:}" "$result"
done
echo 'no header' > bad
run --http "$server/ok" --header-file bad
has 'so does a line that is none' 'failed header-file: line 1 is no header' "$result"
echo 'Connection: close' > bad
run --http "$server/ok" --header-file bad
has 'or that frames the message' 'failed header-file: line 1 is no header' "$result"
echo 'Authorization: x' > bad
run --http "$server/ok" --header-file bad --auth-file basic
has 'two Authorization headers too' 'auth-file: there is a header Authorization already' "$result"
fails_with 2 'auth-file: there is a header Authorization already' asched add --in 1h \
	--http "$server/ok" --header 'authorization: x' --auth-file basic
fails_with 2 'body-file: there is a body already' asched add --in 1h --http "$server/ok" \
	--body x --body-file body
fails_with 2 'header-file: is only for HTTP jobs' asched add --in 1h --header-file headers -- true
fails_with 2 'body-file: a HEAD request has none' asched add --in 1h --http "$server/ok" \
	--method HEAD --body @body

if [ "$(id -u)" -eq 0 ]; then
	mkdir "$dir/bin" && chmod 755 "$dir" "$dir/a place"
	install -m 755 "$ASCHED_BUILD/aschedd" "$ASCHED_BUILD/asched-spawn" "$dir/bin"
	echo "allow $(id -u games)" > "$dir/policy"
	printf '[daemon]\nuser = daemon\npolicy = %s\n' "$dir/policy" > "$dir/system.conf"
	daemon_stop TERM
	ASCHED_SOCKET=$dir/run/socket
	"$dir/bin/aschedd" --config "$dir/system.conf" --socket "$ASCHED_SOCKET" \
		--database "$dir/state/asched.db" >> "$dir/log" 2>&1 < /dev/null &
	daemon_pid=$!
	within 20 asched status
	run --http "$server/echo" --user games --auth-file basic
	is "the user's rights count and not root's" 'failed auth-file: EACCES' "$result"
	chown games basic
	run --http "$server/echo" --user games --auth-file basic
	is 'the file of the user is read' 'succeeded ' "$result"

	# Whatever a user names: he gets at it with his own rights, and nothing but files is opened.
	mkdir -m 755 theirs && mkfifo -m 666 theirs/fifo && chown games theirs
	echo "$marker" > secret && chmod 600 secret && ln -s "$PWD/secret" theirs/link
	for case in link:EACCES:EACCES fifo:EINVAL:ENXIO /dev/null:EINVAL:EINVAL \
		/proc/self/mem:EACCES:EACCES /proc/self/fd/3:EACCES:EACCES .:EINVAL:EISDIR; do
		path=${case%%:*} errors=${case#*:}
		case $path in
		/*) ;;
		*) path="$PWD/theirs/$path" ;;
		esac
		run --http "$server/ok" --user games --header-file "$path"
		is "no headers are read from ${case%%:*}" "failed header-file: ${errors%:*}" "$result"
		run --user games --cwd / --env-file "$path" -- true
		is 'nor an environment' "failed env-file: ${errors%:*}" "$result"
		run --user games --cwd / --output "$path" -- true
		is 'nor is output written' "failed output-file: ${errors#*:}" "$result"
	done
else
	skip "the user's rights count and not root's" 'only root can be somebody else'
	skip 'no headers are read from what is no file of his' 'only root can be somebody else'
fi
finish
