# A restart of the daemon while 1,000 runs go on: until the new one serves with all of them, and
# the memory of the spawner that kept them.
. "$ASCHED_SOURCE/tests/bench/lib.sh"
runs=1000

printf '[daemon]\nstop-timeout = 1s\n[queue default]\nconcurrency = %d\n' "$runs" > "$dir/conf"
new_daemon --config "$dir/conf"
"$bench/client" add "$runs" 1000 '{"command":["sleep","1000"]}' > "$dir/out" || exit 1
"$bench/client" wait 60 runs_running "$runs" || exit 1
old=$(daemon_pid_now)
spawner_kib=$(awk '/^VmRSS/ { print $2 }' "/proc/$daemon_pid/status")
began=$(date +%s%N)
asched restart 2> /dev/null
"$bench/client" replaced 20 "$old" || exit 1
"$bench/client" wait 20 runs_running "$runs" || exit 1
took=$(calc "($(date +%s%N) - $began) / 1e6")
live=$(asched --json status | json_value live)
[ "$live" = "$runs" ] || diag "the new daemon has $live of $runs runs"
report 'restart with 1,000 runs: until all are adopted' "$took" ms - '<=' 1000
report 'restart: memory of the spawner with 1,000 runs' "$(calc "$spawner_kib / 1024")" MiB - '<=' 4
