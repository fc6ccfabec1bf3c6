# A log that nobody reads any more stops nothing: what cannot be written is counted and told.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
[ -x "$ASCHED_BUILD/aschedd" ] || skip_all 'aschedd is not built'
mkfifo "$dir/pipe"
sleep 600 < "$dir/pipe" & # holds the other end open, and never reads
reader=$!
mkdir -m 700 "$dir/d"
printf '[daemon]\nlog-level = debug\n' > "$dir/conf"
"$ASCHED_BUILD/aschedd" --private "$dir/d" --config "$dir/conf" 2> "$dir/pipe" > /dev/null < /dev/null &
daemon_pid=$!
within 20 asched status
ok $? 'the daemon serves'
is 'at first no line is lost' 0 "$(asched --json status | json_value log_lines_lost)"

# A pipe holds 64 KiB: some hundred runs have more to say.
jobs=$(seq 400 | sed 's/.*/{"jsonrpc":"2.0","id":&,"method":"job.add","params":{"command":["true"]}}/')
printf '%s\n' "$jobs" | "$ASCHED_BUILD/tests/fake/talk" "$ASCHED_SOCKET" > "$dir/answers"
lines_were_lost() {
	[ "$(asched --json status | json_value log_lines_lost)" -gt 0 ]
}
within 20 lines_were_lost
ok $? 'then lines are lost'
has 'and status says so' 'lines lost' "$(asched status)"
asched add -q --name late -- true > /dev/null
within 20 has_run late succeeded
ok $? 'work goes on all the same'

# Then nobody is left who could: what is written into such a pipe ends who does not look out.
before=$(daemon_pid_now)
kill $reader
wait $reader 2> /dev/null
asched add -q --name later -- true > /dev/null
within 20 has_run later succeeded
ok $? 'also when the reader of the log is gone'
is 'in the same daemon' "$before" "$(daemon_pid_now)"
daemon_stop TERM
is 'and the daemon ends well' 0 $?
finish
