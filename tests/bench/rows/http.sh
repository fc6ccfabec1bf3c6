# HTTP runs due in the same second against a server on loopback, all recorded, against a bare loop
# over libcurl that does nothing else, with as many in flight.
. "$ASCHED_SOURCE/tests/bench/lib.sh"
runs=10000 in_flight=64

"$bench/http" "$runs" "$in_flight" > "$dir/bare" || exit 1
"$ASCHED_BUILD/tests/fake/badhttp" > "$dir/port" &
server=$!
trap 'kill $server; clean_up' EXIT
within 5 test -s "$dir/port" || exit 1
new_daemon
stampede "$runs" "\"url\":\"http://127.0.0.1:$(cat "$dir/port")/ok\"" || exit 1
stop_daemon
"$bench/ledger" runs "$dir/d/asched.db" > "$dir/runs"
[ "$(fact succeeded < "$dir/runs")" -eq "$runs" ] || diag "not all succeeded: $(cat "$dir/runs")"
report 'HTTP runs, and a bare curl loop' "$(calc "$runs / $(fact seconds < "$dir/runs")")" /s \
	"$(fact bare_kept < "$dir/bare")" '>=' 0.5
report 'HTTP: the runner alone, and a bare curl loop' "$(fact runner_kept < "$dir/bare")" /s \
	"$(fact bare_kept < "$dir/bare")" '>=' -
