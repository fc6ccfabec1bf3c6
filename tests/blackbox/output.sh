# What runs print: apart and together, followed live, whatever becomes of the daemon meanwhile.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
daemon_start || finish

# apart COMMAND...: its stdout and stderr in $out and $err.
apart() {
	"$@" > "$dir/out" 2> "$dir/err"
	code=$?
	out=$(cat "$dir/out") err=$(cat "$dir/err")
}

script='echo one; echo two >&2; echo three'
asched add --in 1h --quiet --name split --split-output --shell "$script" > /dev/null
asched add --in 1h --quiet --name joined --shell "$script" > /dev/null
asched run --wait split > /dev/null
asched run --wait joined > /dev/null
apart asched logs split
is 'what is split is shown apart: output' 'one
three' "$out"
is 'errors' two "$err"
apart asched logs --stdout split
is '--stdout shows the output only' 'one
three,' "$out,$err"
apart asched logs --stderr split
is '--stderr the errors only, as data' 'two,' "$out,$err"
apart asched logs joined
is 'what is not split stays in its order' 'one
two
three,' "$out,$err"
fails_with 2 'stderr: it is not kept apart; see --split-output' asched logs --stderr joined
fails_with 2 'stdout: give it or --stderr' asched logs --stderr --stdout split
has 'the attempt tells how much it was' '"stderr_bytes": 4' "$(asched --json show --run 1)"
has 'show tells both' '10 B + 4 B' "$(asched show --run 1)"
has 'and that it was not split' '"stderr_bytes": null' "$(asched --json show --run 2)"
is 'as JSON there is the stream asked for' 'stderr' \
	"$(asched --json logs --stderr split | json_value stream)"
has 'show tells the field' 'split-output yes' "$(asched show split | tr -s ' ')"
apart asched run --follow split
is 'run --follow shows both apart' 'one
three' "$out"
has 'errors too' 'two' "$err"
# This run ends well when its stdout has little allocated again.
: > "$dir/some"
if fallocate -n -l 1M "$dir/some" 2> /dev/null; then
	asched add --in 1h --quiet --name hoards --timeout 20s --shell '
		fallocate -n -o 2M -l 300M /dev/stdout || exit 3
		until [ "$(stat -L -c %b /proc/$$/fd/1)" -lt 100000 ]; do sleep 0.02; done' > /dev/null
	succeeds 'what a run allocates behind the end of its output is taken from it' \
		asched run --wait hoards
else
	skip 'what a run allocates behind the end of its output is taken from it' 'no fallocate here'
fi

asched add --in 1h --quiet --name kept --shell "ln -L /proc/self/fd/1 '$dir/kept'" > /dev/null
asched run --wait kept > /dev/null 2>&1
is 'a run cannot give its output a name' 1 $?
[ ! -e "$dir/kept" ]
ok $? 'so that it is on the disk when nobody counts it'

asched add --in 1h --quiet --name filed --split-output --output "$dir/file" --shell "$script" \
	> /dev/null
asched run --wait filed > /dev/null
apart asched logs filed
is 'with --output only stdout goes to the file' ',two,one
three' "$out,$err,$(cat "$dir/file")"
asched add --in 1h --quiet --name floods --split-output --shell \
	'head -c 3000000 /dev/zero | tr "\\0" o; head -c 3000000 /dev/zero | tr "\\0" e >&2' > /dev/null
apart asched run --follow floods
is 'a flood that is followed has no zeros and loses whole parts only' '0 1' \
	"$(tr -cd '\000' < "$dir/out" | wc -c) $(($(wc -c < "$dir/out") >= 1048576))"
is 'each has the whole cap' '1048576 1048576' \
	"$(asched logs --stdout floods 2> /dev/null | tr -cd o | wc -c) $(asched logs --stderr \
		floods 2> /dev/null | tr -cd e | wc -c)"

asched add --in 1h --quiet --name retried --retries 1 --retry-delay 10ms --shell "
	echo attempt \$ASCHED_ATTEMPT; [ \$ASCHED_ATTEMPT = 1 ] || exec sleep 60
	until [ -e '$dir/go' ]; do sleep 0.02; done; exit 1" > /dev/null
run=$(asched run retried)
asched logs --follow --run "$run" > "$dir/retried" &
follower=$!
has_attempt() {
	grep -q "attempt $1" "$dir/retried"
}
within 10 has_attempt 1
touch "$dir/go"
within 10 has_attempt 2
ok $? 'a follower goes on with the next attempt while that runs'
asched cancel --kill --run "$run" > /dev/null 2>&1
wait $follower
is 'and shows each once' 'attempt 1 attempt 2 ' "$(tr '\n' ' ' < "$dir/retried")"

asched add --in 1h --quiet --name slow --timeout 20s --shell 'i=1
while [ $i -le 300 ]; do printf "line %d\\000\\377\\n" $i; i=$((i + 1)); sleep 0.005; done; exit 7' > /dev/null
i=1
while [ $i -le 300 ]; do printf 'line %d\000\377\n' $i; i=$((i + 1)); done > "$dir/wanted"
asched run --follow slow > "$dir/followed" 2> "$dir/said" &
follower=$!
run=$(within 5 grep -q '^run ' "$dir/said"; sed -n 's/^run //p' "$dir/said")
asched logs --raw --follow --run "$run" > "$dir/raw" &
logs=$!
within 5 grep -qa 'line 40' "$dir/followed"
succeeds 'the daemon is replaced in the middle of a run' asched restart
within 5 grep -qa 'line 120' "$dir/followed"
kill -KILL "$(daemon_pid_now)"
within 10 grep -qa 'line 200' "$dir/followed"
ok $? 'and killed: the followers go on'
wait $follower
is 'run --follow ends with the code of the run' 7 $?
wait $logs
is 'logs --follow ends with the run' 0 $?
succeeds 'no byte is lost or shown twice' cmp "$dir/wanted" "$dir/followed"
succeeds 'not of the other follower either' cmp "$dir/wanted" "$dir/raw"
asched logs --raw --run "$run" > "$dir/raw"
succeeds 'and the record is the same' cmp "$dir/wanted" "$dir/raw"

# code COMMAND...: what `run --wait --follow` of such a job ends with.
code() {
	job=$(asched add --in 1h --quiet "$@")
	asched run --wait --follow "$job" > /dev/null 2>&1
	echo $?
}
is 'the code of an exit is its own' 3 "$(code -- sh -c 'exit 3')"
is 'of a signal 128 and its number' 143 "$(code -- sh -c 'kill -TERM $$')"
is 'of a time-out 124' 124 "$(code --timeout 50ms -- sleep 60)"
is 'of a program that is not there 127' 127 "$(code -- /no/such/program)"
is 'of one that cannot be executed 126' 126 "$(code -- /etc/passwd)"
is 'of success 0' 0 "$(code -- true)"
pieces() {
	key=$1
	shift
	asched --json logs "$@" | grep -o "\"$key\":[^,}]*"
}
succeeds 'a job writes more than a piece' asched add --name big --shell \
	'head -c 600000 /dev/zero | tr "\\0" x'
within 10 has_run big succeeded
is 'logs --json is all of the output' '"next_offset":600000' "$(pieces next_offset big | tail -n 1)"
is 'and with --raw its very bytes' 600000 \
	"$(pieces base64 big --raw | cut -d: -f2 | tr -d '"' | base64 -d | wc -c)"
succeeds 'a job waits' asched add --name slow-end --shell 'sleep 0.5; echo end'
is 'logs --json --follow goes on to the end' '"text":"end\n"' \
	"$(pieces text slow-end --follow | tail -n 1)"
daemon_stop TERM

printf '[daemon]\noutput-max = 4M\n' > "$dir/more.conf"
daemon_start --config "$dir/more.conf"
asched add --in 1h --quiet --name more --shell 'seq 1 450000; sleep 0.3; seq 450001 600000' > /dev/null
asched run --wait more > /dev/null
is 'a larger output-max holds from the first byte on' "$(seq 1 600000 | cksum)" \
	"$(asched logs more | cksum)"
printf '[daemon]\noutput-max = 4096\n' > "$dir/more.conf"
asched add -q --name shortens '@yearly' --shell 'echo much more; sleep 0.3; : > /dev/stdout; echo less' > /dev/null
asched run shortens --wait
has 'a run that shortens its output is marked' 'exit 0: the run shortened its own output' \
	"$(asched show --run "$(asched --json runs shortens | json_value id)")"
daemon_stop TERM
daemon_start --config "$dir/more.conf"
asched run --wait more > /dev/null
is 'a smaller one loses its middle' '1 600000 0' \
	"$(asched logs more 2> /dev/null | sed -n '1p;$p' | tr '\n' ' ')$(asched logs more \
		2> /dev/null | tr -cd '\000' | wc -c)"
has 'which is said' 'in the middle of the output were not kept' "$(asched logs more 2>&1 > /dev/null)"
finish
