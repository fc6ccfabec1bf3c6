# "Cannot read" is never "empty": a database that is not ours, or not usable, stops the start with
# a clear message and is left as it was.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
command -v sqlite3 > /dev/null || skip_all 'sqlite3 is not installed'
[ -x "$ASCHED_BUILD/aschedd" ] || skip_all 'aschedd is not built'
db=$dir/d/asched.db

# refuses SENTENCE PART: does the start fail with that message, in time?
refuses() {
	timeout 30 "$ASCHED_BUILD/aschedd" --private "$dir/d" > "$dir/out" 2>&1
	code=$?
	if [ $code -eq 0 ] || [ $code -eq 124 ]; then
		ok 1 "$1"
		diag "exit $code: $(cat "$dir/out")"
	else
		has "$1" "$2" "$(cat "$dir/out")"
	fi
}

is_well() { asched status | grep -q 'store.*ok'; }

mkdir -m 700 "$dir/d"
mkdir "$db"
refuses 'a directory is no database' "$db"
rmdir "$db"

mkfifo "$db"
refuses 'nor is a FIFO' "$db"
rm -f "$db"

sqlite3 "$db" 'create table t (x); pragma application_id = 77;'
cp "$db" "$dir/before"
refuses "another program's database is refused" "$db"
cmp "$db" "$dir/before"
ok $? 'and left as it was'
rm -f "$db"

echo 'this is a text file, and not a short one either: it fills more than a header' > "$db"
cp "$db" "$dir/before"
refuses 'a file that is no database is refused' "$db"
cmp "$db" "$dir/before"
ok $? 'and left as it was, too'
rm -f "$db" "$db"-*

daemon_start || exit 1
asched add -q --name kept '@yearly' -- true > /dev/null
is 'a directory of its own is nothing to tell of' 0 "$(grep -c 'writable for all' "$dir/log")"
timeout 30 "$ASCHED_BUILD/aschedd" --private "$dir/d" > "$dir/out" 2>&1
is 'a second daemon is refused' 1 "$(($? != 0 && $? != 124))"
has 'and told who has it' "in use by another aschedd" "$(cat "$dir/out")"
succeeds 'the first one does not mind' asched list
daemon_stop TERM

sqlite3 "$db" 'pragma wal_checkpoint(truncate);' > /dev/null
version=$(sqlite3 "$db" 'pragma user_version;')
sqlite3 "$db" "pragma user_version = $((version + 1));"
cp "$db" "$dir/before"
refuses 'a newer database is refused' newer
cmp "$db" "$dir/before"
ok $? 'and left as it was, as well'
sqlite3 "$db" "pragma user_version = $version;"

if [ "$(id -u)" -eq 0 ]; then
	skip 'a read-only database is refused' 'root may write everything'
else
	chmod 400 "$db"
	refuses 'a read-only database is refused' "$db"
	chmod 600 "$db"
fi

cp "$db" "$dir/whole"
succeeds 'the database is whole' "$ASCHED_BUILD/aschedd" --private "$dir/d" --check-database
dd if=/dev/urandom of="$db" bs=1 seek=4096 count=4096 conv=notrunc 2> /dev/null
timeout 30 "$ASCHED_BUILD/aschedd" --private "$dir/d" > "$dir/out" 2>&1 &
probe=$!
within 10 asched status
served=$?
kill $probe 2> /dev/null
wait $probe
if [ $served -eq 0 ]; then
	has 'a damaged database never looks empty' kept "$(asched list 2>&1; cat "$dir/out"; echo kept)"
else
	has 'a damaged database stops the start' "$db" "$(cat "$dir/out")"
fi
fails_with 1 'malformed' "$ASCHED_BUILD/aschedd" --private "$dir/d" --check-database
cp "$dir/whole" "$db"
rm -f "$db"-*
chmod 777 "$dir/d"
daemon_start || exit 1
is 'and the whole one serves again' kept "$(asched list --names)"
has 'with a warning where any user may replace it' 'writable for all' "$(cat "$dir/log")"
chmod 700 "$dir/d"

daemon_stop TERM
mv "$dir/d" "$dir/elsewhere" && ln -s elsewhere "$dir/d"
daemon_start || exit 1
is 'its directory may be a symbolic link' kept "$(asched list --names)"
daemon_stop TERM
rm "$dir/d" && mv "$dir/elsewhere" "$dir/d"
daemon_start || exit 1

# What an operator does by mistake. The daemon serves what it finds, and says aloud what is wrong.
succeeds 'a backup is made' asched backup "$dir/backup.db"
asched add -q --name later '@yearly' -- true > /dev/null
cp "$db" "$dir/live.db"
daemon_stop TERM
cp "$db.mark" "$dir/mark"
for copy in backup live; do
	rm -f "$db"-*
	cp "$dir/$copy.db" "$db"
	cp "$dir/mark" "$db.mark"
	daemon_start || exit 1
	has "that a $copy copy was put back is told" 'commits are missing' "$(asched status)"
	daemon_stop TERM
done

: > "$db"
refuses 'an emptied database is not a new one' 'missing or empty'
rm -f "$db"
refuses 'nor is a missing one' 'missing or empty'
ln -s "$dir/whole" "$db"
refuses 'a symbolic link is not followed' 'symbolic link'
rm -f "$db"
cp "$dir/whole" "$db"

# Somebody else has it, before and after.
mkfifo "$dir/hold"
sqlite3 "$db" < "$dir/hold" > "$dir/out.sqlite" 2>&1 &
holder=$!
exec 3> "$dir/hold"
echo 'PRAGMA locking_mode = exclusive; BEGIN EXCLUSIVE; SELECT 1;' >&3
is_held() {
	[ -s "$dir/out.sqlite" ] && ! timeout 2 sqlite3 "$db" 'BEGIN IMMEDIATE' 2> /dev/null
}
within 10 is_held
started=$(now_ms)
refuses 'a database that another program has locked is refused' 'in use'
[ $(($(now_ms) - started)) -lt 6000 ]
ok $? 'within some seconds'
exec 3>&-
wait $holder
daemon_start || exit 1
is 'and while we have it nobody else gets it' 1 "$(sqlite3 "$db" 'SELECT count(*) FROM jobs' 2>&1 | grep -c 'locked')"

fails_with 2 'No such file' asched backup "$dir/nowhere/copy"
touch "$dir/file"
fails_with 2 'Not a directory' asched backup "$dir/file/copy"

# What is written into a file without its name would be gone with the daemon.
mv "$db" "$dir/away"
fails_with 6 'somebody removed or replaced it' asched add -- true
has 'status tells it' 'degraded' "$(asched status)"
mv "$dir/away" "$db"
succeeds 'when the file is back it goes on' within 20 asched add --name back -- true
within 10 has_run back succeeded

# A backup in its place is not written to either, and the log of the file that is away not folded
# into it, however long the daemon tries: the backup is whole and the old file, too.
asched backup "$dir/backup" > /dev/null
cp "$dir/backup" "$dir/backup.before"
for i in 1 2 3 4 5; do asched add -q --name "later$i" --in 1h -- true > /dev/null; done
mv "$db" "$dir/away"
mv "$dir/backup" "$db"
fails_with 6 'somebody removed or replaced it' asched add --name lost --in 1h -- true
sleep 1 # more than one attempt to get well
fails_with 6 'put it back, or restart' asched add --name lost --in 1h -- true
has 'it stays trouble' 'degraded' "$(asched status)"
cmp "$db" "$dir/backup.before"
ok $? 'the backup is left as it was'
mv "$db" "$dir/backup"
mv "$dir/away" "$db"
within 20 is_well
succeeds 'with its own file it goes on' asched show later5
fails_with 4 'lost' asched show lost
succeeds 'and changes it' asched add --name again --in 1h -- true

# The log alone: what was told before and what is told then is there after a kill.
rm_log() { rm "$db-wal"; }
mv_log() { mv "$db-wal" "$dir/away.log"; }
cp_log() { cp "$db-wal" "$dir/copy.log"; asched add -q --name between-$1 '@yearly' -- true > /dev/null; mv "$dir/copy.log" "$db-wal"; }
for how in rm mv cp; do
	asched add -q --name before-$how '@yearly' -- true > /dev/null
	${how}_log $how
	succeeds "with its log gone ($how) it goes on" asched add --name after-$how '@yearly' -- true
	has 'and says what somebody did' "a copy of it was put back path=$db-wal" "$(cat "$dir/log")"
	asched add -q --name later-$how '@yearly' -- true > /dev/null
	kill -KILL "$(daemon_pid_now)" "$daemon_pid"
	wait "$daemon_pid" 2> /dev/null
	daemon_start || exit 1
	is "and nothing was lost ($how)" 3 "$(asched list --names | grep -c "^\(before\|after\|later\)-$how\$")"
	: > "$dir/log"
done
succeeds 'that between a copy of the log and its return neither' asched show between-cp
succeeds 'the database is whole' asched check

# The log removed as well: nothing is told to be done that is not.
mv "$dir/backup" "$dir/replacement"
rm -f "$db-wal"
mv "$dir/replacement" "$db"
fails_with 6 'somebody removed or replaced it' asched add --name lost --in 1h -- true
daemon_stop TERM
daemon_start || exit 1
succeeds 'a restart takes the backup' asched show kept
fails_with 4 'lost' asched show lost
has 'and says what is missing' 'acknowledged commits are missing' "$(cat "$dir/log")"
finish
