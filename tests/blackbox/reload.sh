# The configuration: checked, reloaded as a whole or not at all.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
[ -x "$ASCHED_BUILD/aschedd" ] || skip_all 'aschedd is not built'
conf=$dir/asched.conf

check() {
	"$ASCHED_BUILD/aschedd" --config "$conf" --check-config
}

printf '[defaults]\ntimeout = 5s\n' > "$conf"
succeeds 'a good file passes --check-config' check
while IFS='|' read -r text part; do
	printf "$text" > "$conf"
	check > "$dir/out" 2>&1
	is "$part: is refused" 1 "$(($? != 0))"
	has 'with the line' "$conf:" "$(cat "$dir/out")"
	has 'and the word' "$part" "$(cat "$dir/out")"
done <<'END'
[defaults]\ntimeuot = 5s\n|timeuot
[defaults]\ntimeout = soon\n|soon
[defaults]\ntimeout = 5s\ntimeout = 6s\n|timeout
[nonsense]\nx = 1\n|nonsense
[defaults\ntimeout = 5s\n|section
just words\n|just words
END

printf '[defaults]\ntz = Mars/Crater\n' > "$conf"
fails_with 2 'tz: the zone "Mars/Crater" is unknown' check
fails_with 2 'private: the value is empty' "$ASCHED_BUILD/aschedd" --private ''

printf '[defaults]\ntimeout = 5s\n' > "$conf"
chmod 600 "$conf"
daemon_start --config "$conf" || exit 1
asched add -q --name one '@yearly' -- true > /dev/null
is 'a new job has the configured default' 5s "$(asched --json show one | json_value timeout)"

printf '[defaults]\ntimeout = 7s\n' > "$conf"
succeeds 'reload' asched reload
asched add -q --name two '@yearly' -- true > /dev/null
is 'the next job has the new default' 7s "$(asched --json show two | json_value timeout)"
is 'the job before keeps its own' 5s "$(asched --json show one | json_value timeout)"

printf '[defaults]\ntimeout = soon\n' > "$conf"
fails_with 2 soon asched reload
asched add -q --name three '@yearly' -- true > /dev/null
is 'a bad file changes nothing' 7s "$(asched --json show three | json_value timeout)"

printf '[defaults]\ntimeout = 9s\n' > "$conf"
kill -HUP "$daemon_pid"
nine() {
	asched cancel probe
	asched add -q --name probe '@yearly' -- true
	[ "$(asched --json show probe | json_value timeout)" = 9s ]
}
within 10 nine
ok $? 'SIGHUP reloads as well'
finish
