# Durable adds of one client over the socket, against the same rows put straight into SQLite with
# the same durability and batch. Three rounds in turn; medians.
. "$ASCHED_SOURCE/tests/bench/lib.sh"
job='{"cron":"30 4 * * 1-5","command":["/usr/bin/backup","--all"]}'

# compare N BATCH GOAL WHAT
compare() {
	: > "$dir/ours"
	: > "$dir/bare"
	for round in 1 2 3; do
		new_daemon
		"$bench/client" add "$1" "$2" "$job" >> "$dir/ours" || exit 1
		stop_daemon
		mv "$dir/d/asched.db" "$dir/full.db"
		new_daemon
		stop_daemon
		"$bench/ledger" copy "$dir/full.db" "$dir/d/asched.db" "$2" >> "$dir/bare" || exit 1
	done
	report "$4" "$(fact per_second < "$dir/ours" | median)" /s \
		"$(fact per_second < "$dir/bare" | median)" '>=' "$3"
}

compare 100000 1000 0.3 'durable adds, batches of 1,000, and SQLite'
compare 5000 1 0.5 'durable adds, one at a time, and SQLite'
