# A disk whose every sync takes 200 ms, while jobs are added one after another: how long the loop
# lets a client wait for an answer that needs no disk, and how late running time-outs are.
. "$ASCHED_SOURCE/tests/bench/lib.sh"
timeout_us=1000000

mkdir "$dir/slow"
cp "$bench/slow_aschedd" "$dir/slow/aschedd"
cp "$ASCHED_BUILD/asched-spawn" "$ASCHED_BUILD/asched" "$dir/slow"
ASCHED_BUILD=$dir/slow
new_daemon
asched add --quiet --name timed --every 2s --timeout 1s -- sleep 100 > "$dir/out" || exit 1
"$bench/client" add 20 1 '{"every":"1d","command":["/bin/true"]}' > "$dir/adds" &
adding=$!
"$bench/client" ask 3000 2000 schedule.next '{"cron":"* * * * *"}' > "$dir/asked" || exit 1
wait "$adding"
asched cancel timed 2> /dev/null
"$bench/client" wait 60 runs_running 0 || exit 1
lag=$(asched --json status | tr -d '\n ' | sed 's/.*"loop_lag_us":{//' | tr '}' '\n' | json_value p99)
stop_daemon
"$bench/ledger" timeouts "$dir/d/asched.db" "$timeout_us" > "$dir/timeouts" || exit 1
late=$(fact late_max_us < "$dir/timeouts")
report 'sync of 200 ms: loop lag p99, as it says' "$(calc "$lag / 1000")" ms - '<=' 20
report 'sync of 200 ms: answers without disk, p99' "$(calc "$(fact p99_us < "$dir/asked") / 1000")" ms - '<=' 20
report 'sync of 200 ms: time-out of 1 s late by' "$(calc "$late / 1000")" ms - '<=' 20
