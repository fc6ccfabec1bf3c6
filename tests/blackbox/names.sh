# What was acknowledged stands in a file that has a name, in a directory that has one: every name that is
# made, changed or given is on the disk before anything is promised. Seen in what the system is asked.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
[ "$(id -u)" -eq 0 ] || skip_all 'only root can look at what a daemon does'
command -v strace > /dev/null || skip_all 'strace is not installed'
base=$(realpath "$dir")
ASCHED_SOCKET=$base/new/er/socket
strace -f -y -qq -o "$dir/trace" -e trace=mkdir,openat,rename,renameat2,fsync,fdatasync,write \
	"$ASCHED_BUILD/aschedd" --private "$base/new/er" >> "$dir/log" 2>&1 < /dev/null &
tracer=$!
within 20 asched status || skip_all 'programs cannot be traced here'
daemon_pid=$(awk '/openat.*asched.db.lock/ { print $1; exit }' "$dir/trace")
succeeds 'a backup is made' asched backup "$base/copy.db"
kill -TERM "$daemon_pid"
wait $tracer
daemon_pid=

# synced_after PATTERN DIRECTORY: is the directory synced after the first call that matches?
synced_after() {
	awk -v pattern="$1" -v synced="f(data)?sync\\([0-9]+<$2>\\)" '
		!since && $0 ~ pattern { since = NR }
		since && $0 ~ synced { is_synced = 1; exit }
		END { exit !is_synced }' "$dir/trace"
}
succeeds 'a new directory is on the disk' synced_after "mkdir\\(\"$base/new\"" "$base"
succeeds 'and one in it' synced_after "mkdir\\(\"$base/new/er\"" "$base/new"
succeeds 'and the database' synced_after 'openat.*asched\.db".*O_CREAT' "$base/new/er"
succeeds 'and its log' synced_after 'openat.*asched\.db-wal".*O_CREAT' "$base/new/er"
succeeds 'and its mark' synced_after 'rename\(.*asched\.db\.mark' "$base/new/er"
succeeds 'and the backup' synced_after 'renameat2?\(.*copy\.db"' "$base"

# before FIRST THEN: is the first call that matches before that?
before() {
	awk -v first="$1" -v then="$2" '
		$0 ~ first { is_there = 1 }
		$0 ~ then { exit }
		END { exit !is_there }' "$dir/trace"
}
succeeds 'the mark was synced before it got its name' before 'fsync\([0-9]+<[^>]*asched\.db\.mark\.part' 'rename\('
succeeds 'the backup, too' before 'f(data)?sync\([0-9]+<[^>]*copy\.db\.part>' 'renameat2\('
succeeds 'all that before the daemon was ready' before "sync\\([0-9]+<$base/new/er>" 'notice: ready'
finish
