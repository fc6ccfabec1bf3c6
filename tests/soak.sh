# make soak: the long forms of what `make check` does in short, one part after another. tests/README
# says what the variables mean. Each part prints the command that repeats it, seed included.
: "${ASCHED_SOURCE:?}" "${ASCHED_BUILD:?}"
seconds=${SOAK_SECONDS:-120}
# The variables come from the environment, where make puts those of its command line.
seed=${SOAK_SEED:-$(date +%s)}
all='sim oracle kills failpoints disk memory frozen clock damage edits stampede running crowd flood restarts retention reader'
parts=${SOAK_PARTS:-$all}
logs=$ASCHED_BUILD/soak
mkdir -p "$logs"
passed='' failed='' current=''

for name in $parts; do
	case " $all " in
	*" $name "*) ;;
	*)
		echo "SOAK_PARTS: $name is none of: $all" >&2
		exit 2
		;;
	esac
done

# Also of what was broken off.
say_result() {
	printf 'passed:%s\n' "${passed:- none}"
	[ -z "$failed" ] || printf 'FAILED:%s\n' "$failed"
	[ -z "$current" ] || printf 'broken off: %s\n' "$current"
}
trap 'say_result; exit 1' INT TERM HUP

# part NAME COMMAND...: runs it, keeps what it prints, and says how to do it again.
part() {
	name=$1
	shift
	case " $parts " in
	*" $name "*) ;;
	*) return ;;
	esac
	printf '%-10s env ASCHED_SOURCE=%s ASCHED_BUILD=%s %s\n' "$name" "$ASCHED_SOURCE" "$ASCHED_BUILD" "$*"
	started=$(date +%s)
	current=$name
	if env "$@" > "$logs/$name.log" 2>&1 && ! grep -q '^not ok' "$logs/$name.log"; then
		passed="$passed $name"
		printf '%-10s passed after %s s\n' "$name" $(($(date +%s) - started))
	else
		printf '%-10s FAILED after %s s, see %s\n' "$name" $(($(date +%s) - started)) "$logs/$name.log"
		failed="$failed $name"
	fi
	current=
}

box=$ASCHED_SOURCE/tests/blackbox
printf 'seed %s, about %s s a part\n' "$seed" "$seconds"
part sim "$ASCHED_BUILD/tests/sim/sim" --first "$seed" --seeds $((seconds * 150))
part oracle ASCHED_ORACLE_CASES=$((seconds * 2500)) ASCHED_ORACLE_SEED="$seed" \
	CMOCKA_MESSAGE_OUTPUT=TAP "$ASCHED_BUILD/tests/unit/when_oracle"
part kills ASCHED_TEST_KILLS="${SOAK_KILLS:-1000}" ASCHED_TEST_JOBS="${SOAK_JOBS:-1000}" sh "$box/survival.sh"
part failpoints ASCHED_TEST_TWICE=yes sh "$box/crash.sh"
part disk ASCHED_TEST_DISK=$((seconds / 12 + 1)) sh "$box/disk.sh"
part memory ASCHED_TEST_STEP=$((480 / seconds + 1)) ASCHED_TEST_SEED="$seed" sh "$box/memory.sh"
part frozen ASCHED_TEST_FROZEN="$seconds" sh "$box/frozen.sh"
part clock ASCHED_TEST_LONG=yes sh "$box/clock.sh"
part damage ASCHED_TEST_OFFSETS=$((seconds * 2)) ASCHED_TEST_SEED="$seed" sh "$box/damage.sh"
part edits ASCHED_TEST_EDITS="${SOAK_EDITS:-10000}" sh "$box/edits.sh"
part stampede ASCHED_TEST_JOBS="${SOAK_STAMPEDE:-100000}" sh "$box/stampede.sh"
part running ASCHED_TEST_KILLS="${SOAK_RUNNING_KILLS:-200}" ASCHED_TEST_RUNS="${SOAK_RUNNING:-200}" \
	sh "$box/running.sh"
part crowd ASCHED_TEST_LEAVE="${SOAK_CROWD:-100000}" ASCHED_TEST_LISTED="${SOAK_LISTED:-1000000}" sh "$box/crowd.sh"
part flood ASCHED_TEST_FLOOD="${SOAK_FLOOD:-10240}" sh "$box/flood.sh"
part restarts ASCHED_TEST_RESTARTS=9 sh "$box/restarts.sh"
part retention ASCHED_TEST_TWICE=yes sh "$box/retention.sh"
part reader ASCHED_TEST_WRITES=$((seconds * 200)) sh "$box/slow_reader.sh"
say_result
[ -z "$failed" ]
