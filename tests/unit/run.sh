# Runs a cmocka program and mends its TAP: a skipped test is "not ok # SKIP" for cmocka 1.1, which
# TAP takes for a failure.
exec 4>&1
status=$({ { "$@" 3>&- 4>&-; echo $? >&3; } |
	sed -u 's/^not ok \([0-9]*\) # SKIP \(.*\)/ok \1 - \2 # SKIP not possible here/' >&4; } 3>&1)
exit "$status"
