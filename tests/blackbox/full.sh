# A disk that is really full, or out of inodes, while the daemon runs: adds are refused with the
# reason, what runs goes on and is recorded, and all is well again as soon as there is room. A file
# system of our own in a mount namespace of our own: that needs root.
if [ -z "${ASCHED_TEST_NAMESPACE-}" ] && unshare -m true 2> /dev/null; then
	ASCHED_TEST_NAMESPACE=yes exec unshare -m sh "$0"
fi
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
[ -n "${ASCHED_TEST_NAMESPACE-}" ] || skip_all 'mounting needs root and a mount namespace'
mkdir -m 700 "$dir/d"
mount -t tmpfs -o size=4m,mode=0700 none "$dir/d" 2> /dev/null || skip_all 'tmpfs cannot be mounted'
trap 'daemon_stop TERM; umount -l "$dir/d" 2> /dev/null; rm -rf "$dir"' EXIT

# There is a disk for output, so that only the database suffers.
mkdir -m 700 "$dir/output"
printf '[daemon]\noutput-dir = %s\n' "$dir/output" > "$dir/conf"
daemon_start --config "$dir/conf" || exit 1
state() {
	asched --json status | tr -d ' \n' | sed 's/.*"store":{"state":"\([a-z]*\)".*/\1/'
}
is_well() {
	[ "$(state)" = ok ]
}
fill() {
	cat /dev/zero > "$dir/d/filler" 2> /dev/null
}

# Adds until one is refused; $added counts those that were not.
added=0
add_until_refused() {
	for turn in $(seq "$1"); do
		asched add -q --name "j$((added + 1))" '@yearly' -- true > "$dir/out" 2>&1 || return 0
		added=$((added + 1))
	done
	return 1
}

asched add -q --name ticking 'every 1s' -- true > /dev/null
asched add -q --name worker '@yearly' --shell 'sleep 2; exit 7' > /dev/null
within 10 has_run ticking succeeded
asched run worker > /dev/null
fill
add_until_refused 2000
ok $? 'on a full disk an add is refused'
has 'with the reason' 'full' "$(cat "$dir/out")"
succeeds 'the daemon still answers' asched status
succeeds 'and lists what there is' asched list
worker_ended() {
	[ "$(asched --json runs worker | json_value exit_code)" = 7 ]
}
within 20 worker_ended
ok $? 'what ends is recorded with the room that was reserved for it'
fails_with 6 'the disk is full' asched add --name refused '@yearly' -- true
has 'status says what to do' 'until there is room' "$(asched status)"
rm "$dir/d/filler"
within 20 is_well
ok $? 'when there is room again the store is well by itself'
[ -s "$dir/d/asched.db.reserve" ]
ok $? 'and has a reserve again'
is 'each add that was acknowledged is there' "$added" "$(asched list --names --limit 0 | grep -c '^j')"
ticks=$(run_count ticking succeeded)
within 10 has_runs ticking succeeded $((ticks + 2))
ok $? 'what is due is run again'
succeeds 'the database is whole' asched check

# There is room, but not for what a run wrote; then not even with the reserve.
for left in 500 20; do
	daemon_stop TERM # the log beside the database has room in it
	daemon_start --config "$dir/conf" || exit 1
	asched add -q --name "bulky$left" '@yearly' --shell 'sleep 1; head -c 900000 /dev/zero; exit 5' > /dev/null
	asched run "bulky$left" > /dev/null
	fill
	truncate -s "-${left}K" "$dir/d/filler"
	bulky_ended() {
		[ "$(asched --json runs "bulky$left" | json_value exit_code)" = 5 ]
	}
	within 20 bulky_ended
	ok $? "with $left KB left the end of a run that wrote 900 KB is recorded"
	rm "$dir/d/filler"
	within 20 is_well
	ok $? 'and the store is well again with room'
done

daemon_stop TERM
is 'the daemon ends well' 0 $?

mount -o remount,ro "$dir/d"
fails_with 1 "$dir/d" "$ASCHED_BUILD/aschedd" --private "$dir/d" --database "$dir/d/asched.db"
mount -o remount,rw "$dir/d"

# An older database, of which there is no room for the copy that a migration begins with.
rm -rf "${dir:?}/d/"*
if command -v sqlite3 > /dev/null; then
	sqlite3 "$dir/d/asched.db" < "$ASCHED_SOURCE/tests/blackbox/format_1.sql"
	sqlite3 "$dir/d/asched.db" 'PRAGMA journal_mode = wal' > /dev/null
	cp "$dir/d/asched.db" "$dir/old"
	fill
	truncate -s -20K "$dir/d/filler"
	fails_with 1 'is full' "$ASCHED_BUILD/aschedd" --config "$dir/conf" --private "$dir/d"
	is 'an older database is as it was when there is no room to migrate it' '' \
		"$(cmp "$dir/d/asched.db" "$dir/old" 2>&1)"
	rm "$dir/d/filler"
	daemon_start --config "$dir/conf" || exit 1
	has 'and is migrated when there is' 'hello from format 1' "$(asched logs hello)"
	daemon_stop TERM
else
	skip 'a migration on a full disk' 'sqlite3 is not installed'
fi

# No inodes: everything that is to be a new file fails.
rm -rf "${dir:?}/d/"*
mount -o remount,size=32m,nr_inodes=12 "$dir/d"
daemon_start || exit 1
asched add -q --name quiet '@yearly' -- true > /dev/null
i=0
while true > "$dir/d/inode$i"; do
	i=$((i + 1))
done 2> /dev/null
succeeds 'without an inode left jobs can still be added' asched add -q --name more '@yearly' -- true
asched run quiet > "$dir/out" 2>&1
within 10 has_run quiet failed
ok $? 'a run that gets no file for its output is recorded as failed'
has 'and why tells that' 'start-failed' "$(asched --json runs quiet)"
rm -f "$dir/d"/inode*
asched run quiet > /dev/null
within 10 has_run quiet succeeded
ok $? 'and with inodes it runs'
is_well
ok $? 'the store is well'

# There is room, but no more than is left to the ledger: what could write it full is not started.
fill
truncate -s -12M "$dir/d/filler"
is_refused() {
	asched run quiet > "$dir/out" 2>&1
	asched --json runs quiet --limit 1 | grep -q '"detail":"output: ENOSPC"'
}
within 10 is_refused
ok $? 'with 12 MiB left nothing is started' || diag "$(asched runs quiet)"
succeeds 'but jobs are added' asched add -q --name roomy '@yearly' -- true
rm "$dir/d/filler"
runs=$(run_count quiet succeeded)
is_started() {
	asched run quiet > "$dir/out" 2>&1
	has_runs quiet succeeded $((runs + 1))
}
within 10 is_started
ok $? 'and with more it is again'
daemon_stop TERM
finish
