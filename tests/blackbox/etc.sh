# What is installed in etc and for systemd: is it what their readers accept?
. "$ASCHED_SOURCE/tests/blackbox/lib.sh"
aschedd=$ASCHED_BUILD/aschedd
etc=$ASCHED_SOURCE/etc

# The program need not be installed, nor the manuals.
verify() { # system|user FILE
	program=$aschedd
	test -x "$program" || program=/bin/true
	mkdir -p "$dir/$1"
	sed "s|/usr/sbin/aschedd|$program|" "$etc/$2" >"$dir/$1/aschedd.service"
	XDG_RUNTIME_DIR=$dir systemd-analyze "--$1" --man=no verify "$dir/$1/aschedd.service" \
		>"$dir/said" 2>&1
	status=$?
	test $status -eq 0 && ! grep -q aschedd "$dir/said"
	ok $? "systemd-analyze verify accepts $2" || diag "$(cat "$dir/said")"
}

if command -v systemd-analyze >/dev/null; then
	verify system aschedd.service
	verify user aschedd-user.service
	mkdir "$dir/strict"
	cat "$etc/aschedd.service" "$etc/aschedd-strict.conf" | sed "s|/usr/sbin/aschedd|/bin/true|" \
		>"$dir/strict/aschedd.service"
	systemd-analyze --man=no verify "$dir/strict/aschedd.service" >"$dir/said" 2>&1 &&
		! grep -q aschedd "$dir/said" &&
		systemd-analyze security --offline=yes --threshold=50 --no-pager \
			"$dir/strict/aschedd.service" >"$dir/said" 2>&1
	ok $? 'with the drop-in for plain jobs the exposure is medium at most' || diag "$(cat "$dir/said")"
else
	skip 'systemd-analyze verify accepts the units' 'no systemd-analyze'
fi

if command -v systemd-sysusers >/dev/null && [ "$(id -u)" -eq 0 ]; then
	mkdir -p "$dir/root/etc"
	systemd-sysusers --root="$dir/root" "$etc/asched.sysusers" >"$dir/said" 2>&1
	grep -q '^asched:.*:/var/lib/asched:.*nologin$' "$dir/root/etc/passwd"
	ok $? 'systemd-sysusers makes the user, without a shell' || diag "$(cat "$dir/said")"

	systemd-tmpfiles --create --root="$dir/root" "$etc/asched.tmpfiles" >"$dir/said" 2>&1
	uid=$(sed -n 's/^asched:[^:]*:\([0-9]*\):.*/\1/p' "$dir/root/etc/passwd")
	test "$(stat -c '%a %u' "$dir/root/run/asched" "$dir/root/var/lib/asched" | tr '\n' ' ')" = \
		"755 0 700 $uid "
	ok $? 'systemd-tmpfiles makes the directories' || diag "$(cat "$dir/said")"
else
	skip 'systemd-sysusers makes the user, systemd-tmpfiles the directories' \
		'needs both, and root'
fi

if [ -x "$aschedd" ]; then
	"$aschedd" --config "$etc/asched.conf" --check-config >"$dir/said" 2>&1
	ok $? 'aschedd accepts asched.conf as it is' || diag "$(cat "$dir/said")"

	# Every key that it shows; its users do not exist here.
	sed 's/^;\([a-z-]* = \)/\1/; s/alice bob/root/; s/alice/root/; s/mallory/nobody/' \
		"$etc/asched.conf" >"$dir/asched.conf"
	test "$(grep -c ' = ' "$dir/asched.conf")" -gt 15 &&
		"$aschedd" --config "$dir/asched.conf" --check-config >"$dir/said" 2>&1
	ok $? 'aschedd accepts every key that asched.conf shows' || diag "$(cat "$dir/said")"
else
	skip 'aschedd accepts asched.conf' 'aschedd is not built'
fi
finish
