# A database that an earlier format's daemon left when it was killed: today's goes on with it, also
# when the disk did not let it at first (tests/unit/store_migrate.c has each call of a migration).
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
command -v sqlite3 > /dev/null || skip_all 'sqlite3 is not installed'
db=$dir/d/asched.db
. "$ASCHED_SOURCE/tests/blackbox/trial.sh"
sqlite3 "$db" < "$ASCHED_SOURCE/tests/blackbox/format_1.sql" || exit 1
sqlite3 "$db" "UPDATE jobs SET owner = $(id -u)"
sqlite3 "$db" 'PRAGMA journal_mode = wal' > /dev/null
cp "$db" "$dir/old"

check_database() {
	"$ASCHED_BUILD/aschedd" --private "$dir/d" --check-database
}
succeeds 'it is whole' check_database
has 'and that it is older is said' 'its format is older' "$(check_database)"
is 'looking at it changes nothing' '' "$(cmp "$db" "$dir/old" 2>&1)"

# The copy that is made first fails, then the first step.
refuses() {
	fails_with 1 "$db" "$ASCHED_BUILD/aschedd" --private "$dir/d"
	has 'with the cause' "$1" "$(cat "$dir/err")"
}
for errno in '28 is full' '122 Disk quota exceeded'; do
	disk write "${errno%% *}" 2 1000000 0 # the first writes the lock
	refuses "${errno#* }"
	is 'the old one is as it was' '' "$(cmp "$db" "$dir/old" 2>&1)"
done
k=0
first_step_fails() {
	k=$((k + 1))
	disk sync 5 $k 1000000 0
	timeout 10 "$ASCHED_BUILD/aschedd" --private "$dir/d" 2>&1 | tee "$dir/err" | grep -q 'to format 2'
}
within 10 first_step_fails
has 'a step fails with its cause, too' 'to format 2: disk I/O error: Input/output error' "$(cat "$dir/err")"
disk

daemon_start || { cat "$dir/log"; exit 1; }
succeeds 'nothing is wrong with what was made of it' asched check
is 'the jobs are there' 'bad hello holder late patient resting' \
	"$(asched list --names --limit 0 | sort | tr '\n' ' ' | sed 's/ $//')"
is 'the output can be read' 'hello from format 1' "$(asched logs hello)"
has 'so can a result' 'exit 3' "$(asched runs bad)"
succeeds 'and why' asched why bad
has 'what ran when it was killed is lost' lost "$(asched runs holder)"
within 10 has_run late missed
ok $? 'what waited beyond its start deadline is missed'
has 'because of that' deadline "$(asched --json runs late)"
within 10 has_run patient succeeded
ok $? 'what may still run does'
succeeds 'a job of that time runs' asched run hello --wait
succeeds 'and can be changed' asched set late --start-deadline 2h
is 'a paused one is paused' paused "$(asched --json show resting | json_value state)"
succeeds 'nothing is wrong after that' asched check
daemon_stop TERM
is 'the old one was kept' 6 "$(sqlite3 "$db.v1" 'SELECT count(*) FROM runs')"
daemon_start || exit 1
succeeds 'and the new one is there at the next start' asched runs patient
finish
