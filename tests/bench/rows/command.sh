# asched add as a process, one after another, with its own connection and a durable answer.
. "$ASCHED_SOURCE/tests/bench/lib.sh"

new_daemon
"$bench/client" run 300 "$ASCHED_BUILD/asched" add --quiet --in 1d -- /bin/true > "$dir/out" || exit 1
report 'asched add, a process, p50' "$(calc "$(fact p50_us < "$dir/out") / 1000")" ms - '<=' 5
report 'asched add, a process, p99' "$(calc "$(fact p99_us < "$dir/out") / 1000")" ms - '<=' -
