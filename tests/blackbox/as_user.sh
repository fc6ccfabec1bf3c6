# The field `user`: jobs of root run as others, as far as the policy of the spawner allows.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
[ "$(id -u)" -eq 0 ] || skip_all 'only root can run jobs as others'
command -v setpriv > /dev/null || skip_all 'setpriv is not installed'
user=games uid=$(id -u games) other=12301 ASCHED_SOCKET=$dir/run/socket

chmod 755 "$dir"
mkdir "$dir/bin"
for program in asched aschedd asched-spawn; do
	install -m 755 "$ASCHED_BUILD/$program" "$dir/bin/$program"
done
printf 'allow %s\n' "$uid" $other > "$dir/policy"
printf '[daemon]\nuser = daemon\npolicy = %s\n' "$dir/policy" > "$dir/asched.conf"
"$dir/bin/aschedd" --config "$dir/asched.conf" --socket "$ASCHED_SOCKET" \
	--database "$dir/state/asched.db" >> "$dir/log" 2>&1 < /dev/null &
daemon_pid=$!
within 20 asched status
ok $? 'the daemon serves' || { diag "$(cat "$dir/log")"; finish; }

# run_as USER: the output of a job of root that runs as USER, or what became of it.
run_as() {
	job=$(asched add --quiet --in 1h --user "$1" \
		--shell 'id -u; id -g; id -un; echo "$HOME"; umask; pwd') || return
	asched run --wait "$job" > /dev/null 2> "$dir/out" || cat "$dir/out"
	asched logs "$job" 2> /dev/null
}

home=$(getent passwd $user | cut -d: -f6)
[ -d "$home" ] || home=
if [ -n "$home" ]; then
	wanted=$(printf '%s\n' "$uid" "$(id -g $user)" $user "$home" 0022 "$home")
	is 'root runs a job as another user' "$wanted" "$(run_as $user)"
	is 'and names it by uid' "$wanted" "$(run_as "$uid")"
else
	skip 'root runs a job as another user' "$user has no home here"
	has 'a missing home fails the start' 'cwd: ENOENT' "$(run_as $user)"
fi
if command -v script > /dev/null; then
	asked=$(asched add --quiet --in 1h --user $user --cwd / --shell 'id -u; stat -c %u "$(tty)"')
	is 'and with a terminal of his' "$(printf '%s\n' "$uid" "$uid")" "$(
		script -qec "$dir/bin/asched run $asked --tty" /dev/null < /dev/null | tr -cd '0-9\n')"
else
	skip 'and with a terminal of his' 'script(1) is not installed'
fi
has 'show names the user' "user $user" "$(asched show 1 | tr -s ' ')"
has 'list too' "($user)" "$(asched list)"
is 'the object has the uid' "$uid" "$(asched --json show 1 | json_value user)"
has 'the policy has the last word' 'policy: EPERM' "$(run_as root)"
has 'a user that is gone has no run' 'user: ENOENT' "$(run_as $other)"

as_other() {
	setpriv --reuid=$other --regid=$other --clear-groups "$dir/bin/asched" "$@"
}
fails_with 5 'user: permission denied' as_other add --user $other --in 1h -- true
fails_with 2 'user: no user "nosuchuser"' asched add --user nosuchuser --in 1h -- true
theirs=$(as_other add --quiet --in 1h -- true)
fails_with 5 'user: permission denied: only jobs of root' asched set "$theirs" --user $user
fails_with 5 'user: permission denied' as_other set "$theirs" --unset user
succeeds 'root unsets it' asched set 1 --unset user
has 'and it is gone' '"user": null' "$(asched --json show 1)"
daemon_stop TERM

ASCHED_SOCKET=$dir/d/socket
daemon_start
fails_with 5 'user: permission denied' asched add --user $user --in 1h -- true
finish
