# What people see on a terminal: tables that fit, no escapes from strangers, live output.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
command -v script > /dev/null || skip_all 'script(1) is not installed'
daemon_start || exit 1
TERM=xterm
export TERM

# on_terminal COLUMNS COMMAND: what it prints there.
on_terminal() {
	COLUMNS=$1 script -qec "$2" /dev/null < /dev/null | tr -d '\r'
}

widest() {
	sed 's/…/./g' | awk '{ if (length($0) > most) most = length($0) } END { print most + 0 }'
}

asched add -q --name a-job-with-quite-a-long-name --tz Europe/Berlin '30 2 * * Mon-Fri' -- \
	/usr/local/bin/backup --from /home --to /srv/backups/home --exclude '*.o' > /dev/null
asched add -q --name red --every 1h --shell 'printf "\033[31mred\033[0m \377\n"' > /dev/null
asched run red --wait > /dev/null

for columns in 45 60 80 120; do
	list=$(on_terminal $columns "$ASCHED_BUILD/asched list --color never")
	[ "$(printf '%s\n' "$list" | widest)" -le $columns ]
	ok $? "list fits into $columns columns" || diag "$list"
done
has 'what is cut says so' '…' "$(on_terminal 80 "$ASCHED_BUILD/asched list")"
has 'without a terminal nothing is cut' "--exclude '*.o'" "$(COLUMNS=80 asched list)"

escape=$(printf '\033')
colored() {
	case $1 in
	*"$escape["*) return 0 ;;
	*) return 1 ;;
	esac
}
colored "$(on_terminal 80 "$ASCHED_BUILD/asched list")"
ok $? 'there are colours on a terminal'
! colored "$(asched list)"
ok $? 'and none without'
! colored "$(NO_COLOR=1 on_terminal 80 "$ASCHED_BUILD/asched list")"
ok $? 'nor with NO_COLOR'
! colored "$(TERM=dumb on_terminal 80 "$ASCHED_BUILD/asched list")"
ok $? 'nor on a dumb terminal'
colored "$(asched list --color always)"
ok $? 'but always with --color always'

has 'logs shows escapes and broken UTF-8 for what they are' '^[[31mred^[[0m \xff' \
	"$(on_terminal 80 "$ASCHED_BUILD/asched logs red")"
colored "$(on_terminal 80 "$ASCHED_BUILD/asched logs red --raw")"
ok $? 'but not with --raw'

# Names may be any text but for blanks and control bytes: C1 controls and such that turn letters around.
odd=$(printf 'n\302\23331m\342\200\256x')
id=$(asched add -q --name "$odd" --in 1h -- true)
asched run --wait "$id" > /dev/null
for words in list 'list --names' '--json list' "show $id" "--json show $id" runs '--json runs' \
	"why $id" "logs $odd" "run $odd" "set $odd --name 1" "show ${odd}y"; do
	on_terminal 200 "$ASCHED_BUILD/asched --color never $words" > "$dir/shown" 2>&1
	grep -q "$(printf '\302\233\|\342\200\256')" "$dir/shown"
	is "$words shows a name for what it is" 1 $?
done
has 'scripts get it as it is' "$odd" "$(asched list --names)"
asched cancel "$id" > /dev/null

asched add -q --name live --shell "echo begun; while [ ! -e '$dir/go' ]; do sleep 0.02; done; echo ended" > /dev/null
asched logs live --follow > "$dir/live" 2>&1 &
follower=$!
within 10 grep -q begun "$dir/live"
ok $? 'logs --follow shows output while the run goes on'
kill -KILL "$(daemon_pid_now)"
within 20 asched status
ok $? 'the daemon comes back after a kill'
: > "$dir/go"
within 20 sh -c "! kill -0 $follower"
ok $? 'logs --follow ends with the run'
wait $follower
is 'and has missed nothing, kill or not' 'begun
ended' "$(cat "$dir/live")"

asched events live2 > /dev/null 2>&1
is 'events of a job that does not exist are refused' 4 $?
asched events --limit 3 > "$dir/events" 2>&1 &
follower=$!
is_over() {
	asched run red
	! kill -0 $follower
}
within 20 is_over
ok $? 'events end after so many'
has 'and tell what happens' 'of red' "$(cat "$dir/events")"
asched set red --name "$odd" > /dev/null
on_terminal 200 "$ASCHED_BUILD/asched --json events --limit 3" > "$dir/events" 2>&1 &
follower=$!
is_shown() {
	asched run "$odd"
	grep ended "$dir/events"
}
within 20 is_shown
has 'in JSON, too, with the name for what it is' '"job":"n\u009B31m\u202Ex"' "$(cat "$dir/events")"
wait $follower
finish
