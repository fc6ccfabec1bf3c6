# The trial daemon: its clock, its disk and its failpoints are set by files in $trial
# (tests/fake/trial_*.c). Sourced after lib.sh; daemon_start and asched then mean these programs.
trial=$dir/d/trial # the daemon reaches no file elsewhere
[ -x "$ASCHED_BUILD/tests/fake/trial_aschedd" ] || skip_all 'the trial daemon is not built'
mkdir -m 700 "$dir/d" "$trial" "$dir/bin"
cp "$ASCHED_BUILD/tests/fake/trial_aschedd" "$dir/bin/aschedd"
cp "$ASCHED_BUILD/asched-spawn" "$ASCHED_BUILD/asched" "$dir/bin"
ASCHED_TOOLS=$ASCHED_BUILD/tests/fake
ASCHED_BUILD=$dir/bin
ASCHED_TRIAL=$trial
export ASCHED_TRIAL

# disk CALL HOW FIRST COUNT MS: what goes wrong from now on; without arguments: nothing.
disk() {
	if [ $# -eq 0 ]; then
		rm -f "$trial/disk"
	else
		echo "$@" > "$trial/disk.new"
		mv "$trial/disk.new" "$trial/disk"
	fi
}

# clock SECONDS: how far off the daemon's clock is.
clock() {
	echo "$1" > "$trial/clock.new"
	mv "$trial/clock.new" "$trial/clock"
	pid=$(daemon_pid_now)
	[ -z "$pid" ] || kill -USR1 "$pid"
}
