# The units that are installed, under a systemd of their own: process 1 of namespaces with a copy of /
# that is written to memory. Started, reloaded, restarted and stopped, its runs in control groups.
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
[ "$(id -u)" -eq 0 ] || skip_all 'only root can start a systemd'
! grep -q __asan_init "$ASCHED_BUILD/aschedd" || skip_all 'the sandbox is none for sanitizers'
for program in nsenter unshare script systemctl; do
	command -v $program > /dev/null || skip_all "there is no $program"
done
systemd=/usr/lib/systemd/systemd
unit=$ASCHED_BUILD/etc/system/aschedd.service
for file in $systemd "$unit" "$ASCHED_BUILD/aschedd"; do
	[ -e "$file" ] || skip_all "there is no $file"
done
cgroup2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$cgroup2" ] && mkdir "$cgroup2/asched-test-$$" 2> /dev/null ||
	skip_all 'no cgroups of version 2 may be made here'
group=$cgroup2/asched-test-$$
root=$dir/memory/root
sbin=$(sed -n 's,^ExecStart=\(.*\)/aschedd$,\1,p' "$unit")
state=$(sed -n 's/^d \([^ ]*\) 0700.*/\1/p' "$ASCHED_BUILD/etc/rules/asched.tmpfiles")
mkdir "$dir/memory"

# In the new namespaces. Nothing is deleted or changed below the real /.
cat > "$dir/boot" << END
set -e
mount -t tmpfs tmpfs '$dir/memory'
mkdir '$dir/memory/upper' '$dir/memory/work' '$root'
mount -t overlay overlay -o 'lowerdir=/,upperdir=$dir/memory/upper,workdir=$dir/memory/work' '$root'
cd '$root'
mkdir -p '.$sbin' run tmp etc/sysusers.d etc/tmpfiles.d
install -m 755 '$ASCHED_BUILD/aschedd' '$ASCHED_BUILD/asched-spawn' '$ASCHED_BUILD/asched' '.$sbin'
install -m 644 '$ASCHED_BUILD/etc/rules/asched.sysusers' etc/sysusers.d/asched.conf
install -m 644 '$ASCHED_BUILD/etc/rules/asched.tmpfiles' etc/tmpfiles.d/asched.conf
: > etc/fstab
for wants in usr/lib/systemd/system-generators usr/lib/systemd/system/*.wants etc/systemd/system; do
	[ ! -d "\$wants" ] || mount -t tmpfs tmpfs "\$wants"
done
install -m 644 '$unit' etc/systemd/system/aschedd.service
printf '[Unit]\nWants=systemd-sysusers.service systemd-tmpfiles-setup.service aschedd.service\n' \
	> etc/systemd/system/test.target
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mkdir -p mnt/old
pivot_root . mnt/old
umount -l /mnt/old
exec env -i container=asched-test PATH=/usr/sbin:/usr/bin:/sbin:/bin $systemd --unit=test.target \
	--log-target=null --show-status=0 < /dev/null
END
(echo 0 > "$group/cgroup.procs" && exec unshare --mount --uts --ipc --net --cgroup --pid --fork \
	--kill-child --propagation private sh "$dir/boot") > "$dir/log" 2>&1 &
outer=$!
end_systemd() {
	kill -KILL $outer 2> /dev/null
	wait $outer 2> /dev/null
	echo 1 > "$group/cgroup.kill"
	within 10 sh -c "find '$group' -depth -type d -exec rmdir {} +"
	clean_up
}
trap end_systemd EXIT

inside() {
	nsenter -t "$(tr -d ' ' < "/proc/$outer/task/$outer/children")" -m -u -i -n -p -C -r -w \
		env -i PATH="$sbin:/usr/sbin:/usr/bin:/sbin:/bin" SYSTEMD_PAGER= "$@"
}
show() {
	inside systemctl show aschedd --value -p "$1"
}
is_active() {
	[ "$(show ActiveState)" = active ]
}
if ! within 20 inside systemctl show -p Version; then
	diag "$(cat "$dir/log")"
	skip_all 'a systemd does not start here'
fi
within 20 is_active
ok $? 'the service is active when the daemon says that it is ready' || diag "$(cat "$dir/log")
$(inside systemctl status aschedd 2>&1; inside journalctl -n 30 2>&1)"
within 10 inside asched status
ok $? 'and answers'
daemon=$(inside asched --json status | json_value pid)
is 'systemd-sysusers has made its user, systemd-tmpfiles its directories' 'asched asched root' \
	"$(inside stat -c %U "/proc/$daemon" "$state" /run/asched | paste -sd ' ')"

inside sh -c "for etc in '$(dirname "$sbin")/etc' /etc; do
	mkdir -p \$etc/asched
	printf '[daemon]\npolicy = /tmp/policy\nstop-timeout = 1s\n' > \$etc/asched/asched.conf
done
printf 'allow 0\nallow %s\n' $(id -u games) > /tmp/policy"
succeeds 'it is restarted' inside systemctl restart aschedd
succeeds 'and reloaded' inside systemctl reload aschedd
inside sh -c "for etc in '$(dirname "$sbin")/etc' /etc; do echo 'odd = 1' >> \$etc/asched/asched.conf; done"
! inside systemctl reload aschedd > /dev/null 2>&1 && is_active
ok $? 'but not with a wrong configuration, which changes nothing'
inside sh -c "for etc in '$(dirname "$sbin")/etc' /etc; do sed -i '\$d' \$etc/asched/asched.conf; done"

# pids_of NAME: the processes in the control group of run NAME.
pids_of() {
	find "$group" -path "*/aschedd.service/run-$1-1/cgroup.procs" -exec cat {} + 2> /dev/null
}
has_pids() {
	[ "$(pids_of "$1" | wc -l)" -eq "$2" ]
}
add() {
	name=$1
	shift
	inside asched add -q --name "$name" --every 1h --cwd / "$@" > /dev/null
}
add away --leftovers kill --shell 'cat /proc/self/cgroup; (env -i setsid sleep 60 &)'
inside asched run away --wait > /dev/null 2>&1
has 'a run has a control group below that of the service' 'aschedd.service/run-1-1' \
	"$(inside asched logs away)"
has_no_pids() {
	has_pids "$1" 0
}
within 10 has_no_pids 1
ok $? 'that nothing gets away from'
add stays --shell 'sleep 600 & wait'
inside asched run stays > /dev/null
within 10 has_pids 2 2
before=$(pids_of 2) parent=$(show MainPID)
inside asched restart 2> /dev/null
is_new() {
	[ "$(inside asched --json status | json_value pid)" != "$daemon" ]
}
within 10 is_new
is 'asched restart leaves the runs and the service alone' "$before $parent active" \
	"$(pids_of 2) $(show MainPID) $(show ActiveState)"
began=$(now_ms)
succeeds 'it is stopped' inside systemctl stop aschedd
took=$(($(now_ms) - began))
[ $took -ge 900 ] && [ $took -lt 10000 ]
ok $? 'after what runs has had its time' || diag "$took ms"
is 'well' success "$(show Result)"
has_no_groups() {
	[ -z "$(find "$group" -name aschedd.service)" ]
}
within 10 has_no_groups
ok $? 'and nothing of it is left'

inside mkdir /etc/systemd/system/aschedd.service.d
{ cat "$ASCHED_SOURCE/etc/aschedd-strict.conf"; echo "ReadWritePaths=$state"; } |
	inside tee /etc/systemd/system/aschedd.service.d/strict.conf > /dev/null
printf '[Service]\nWatchdogSec=2s\n' | inside tee /etc/systemd/system/aschedd.service.d/watchdog.conf > /dev/null
inside systemctl daemon-reload
succeeds 'with the drop-in for plain jobs it starts, too' inside systemctl start aschedd
has 'what ran then has its end on record' shutdown "$(inside asched --json runs stays)"
add plain --user games --shell 'id -un; grep NoNewPrivs /proc/self/status'
inside asched run plain --wait > /dev/null 2>&1
is 'and runs jobs of users' "games NoNewPrivs:	1" "$(inside asched logs plain | paste -sd ' ')"
add patient -- sleep 5
inside asched run patient --wait > /dev/null 2>&1
is 'a watchdog that bites after two seconds hears of the daemon in time' 'active 0' \
	"$(show ActiveState) $(show NRestarts)"
add talk --user games --shell 'tty; id -un; exit 5'
inside script -qec 'asched run talk --tty' /dev/null < /dev/null > "$dir/shown"
is 'at their terminals, too' 5 $?
has 'as these users' games "$(cat "$dir/shown")"
finish
