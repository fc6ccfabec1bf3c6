# Users that change between a job and its runs: renamed, in other groups, removed, and another person
# with the number of one who was.
if [ "$(id -u)" -eq 0 ] && [ -z "${ASCHED_TEST_USERS-}" ] && unshare --mount true 2> /dev/null; then
	ASCHED_TEST_USERS=private exec unshare --mount --propagation private "${BASH:-sh}" "$0" "$@"
fi
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
[ -n "${ASCHED_TEST_USERS-}" ] || skip_all 'only root can have a passwd file of its own'
command -v setpriv > /dev/null || skip_all 'setpriv is not installed'
uid=12401 ASCHED_SOCKET=$dir/run/socket

# Files of our own in the place of the system's; they are changed in place.
for file in passwd group; do
	grep -v ":$uid:" "/etc/$file" > "$dir/$file.known"
	cp "$dir/$file.known" "$dir/$file"
	mount --bind "$dir/$file" "/etc/$file" || skip_all "nothing can be mounted on /etc/$file"
done
grep -q '^passwd:.*files' /etc/nsswitch.conf 2> /dev/null || skip_all '/etc/passwd is not asked here'

# users PASSWD GROUP...: the lines that the system has beside its own.
users() {
	{ cat "$dir/passwd.known"; [ -z "$1" ] || echo "$1"; } > "$dir/passwd"
	shift
	{ cat "$dir/group.known"; printf '%s\n' "$@"; } > "$dir/group"
}

chmod 755 "$dir"
mkdir "$dir/bin" "$dir/ann" "$dir/anna"
for program in asched aschedd asched-spawn; do
	install -m 755 "$ASCHED_BUILD/$program" "$dir/bin/$program"
done
printf '[daemon]\nuser = daemon\n' > "$dir/asched.conf"
users "ann:x:$uid:$uid::$dir/ann:/bin/sh" "ann:x:$uid:"
"$dir/bin/aschedd" --config "$dir/asched.conf" --socket "$ASCHED_SOCKET" \
	--database "$dir/state/asched.db" >> "$dir/log" 2>&1 < /dev/null &
daemon_pid=$!
within 20 asched status
ok $? 'the daemon serves' || { diag "$(cat "$dir/log")"; finish; }

as_ann() {
	setpriv --reuid=$uid --regid=$uid --clear-groups "$dir/bin/asched" "$@"
}

# now_runs: what the job of that uid prints, or what became of it.
now_runs() {
	as_ann run who --wait > /dev/null 2> "$dir/out" || cat "$dir/out"
	as_ann logs who 2> /dev/null
}

as_ann add --quiet --name who --in 1h --shell 'echo $(id -un) $(id -g) $(id -G) $USER "$HOME"' > /dev/null
is 'a job runs as its owner' "ann $uid $uid ann $dir/ann" "$(now_runs)"
theirs=$(asched add --quiet --in 1h --user ann --shell 'id -un')

users "ann:x:$uid:$uid::$dir/ann:/bin/sh" "ann:x:$uid:" "staffers:x:12402:ann"
is 'a group that he has come into is his at the next run' "ann $uid $uid 12402 ann $dir/ann" "$(now_runs)"
users "ann:x:$uid:12402::$dir/ann:/bin/sh" "ann:x:$uid:" "staffers:x:12402:"
is 'so is another group of his own' "ann 12402 12402 ann $dir/ann" "$(now_runs)"
users "anna:x:$uid:$uid::$dir/anna:/bin/sh" "ann:x:$uid:" "staffers:x:12402:ann"
is 'under another name he keeps his jobs' "anna $uid $uid anna $dir/anna" "$(now_runs)"
asched run --wait "$theirs" > /dev/null
is 'and root the jobs that run as him' anna "$(asched logs "$theirs")"
has 'whom show names as he is now' 'user anna' "$(asched show "$theirs" | tr -s ' ')"
has 'root names the job by the new name' '"name": "who"' "$(asched --json show anna/who)"
fails_with 2 'no user "ann"' asched show ann/who

users '' "staffers:x:12402:ann"
has 'of a user who is removed nothing is started' 'user: ENOENT' "$(now_runs)"
asched run --wait "$theirs" > "$dir/out" 2>&1
has 'nor as him' 'user: ENOENT' "$(cat "$dir/out")"
echo 'X-A: b' > "$dir/headers"
as_ann add --quiet --name web --in 1h --http http://127.0.0.1:9/ --header-file "$dir/headers" > /dev/null
as_ann run web --wait > "$dir/out" 2>&1
has 'nor is a file read for his requests' 'user: ENOENT' "$(cat "$dir/out")"
is 'root finds his jobs by the number' "$uid/web $uid/who" "$(asched list --owner $uid --names | sort | tr '\n' ' ' | sed 's/ $//')"
succeeds 'and can remove them' asched cancel $uid/web
asched pause $uid/who > /dev/null # for the manual's way: all that he has
as_ann add --quiet --name more --in 1h -- true > /dev/null
asched list --owner $uid --names | grep -v /who | xargs -r "$dir/bin/asched" cancel > /dev/null 2>&1
is 'all at once' "$uid/who" "$(asched list --owner $uid --names)"
asched resume $uid/who > /dev/null

users "bob:x:$uid:$uid::$dir/anna:/bin/sh" "bob:x:$uid:"
is 'who is given the number has its jobs, as its files' "bob $uid $uid bob $dir/anna" "$(now_runs)"
daemon_stop TERM
finish
