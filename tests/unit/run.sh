# Runs a cmocka program and mends its TAP: a skipped test is "not ok # SKIP" for cmocka 1.1, which
# TAP takes for a failure, and its reason is the line "skipped: REASON" that came before it.
exec 4>&1
status=$({ { "$@" 3>&- 4>&-; echo $? >&3; } | awk '
	/^skipped: / {
		reason = substr($0, 10)
		next
	}
	/^not ok [0-9]+ # SKIP / {
		sub(/^not /, "")
		sub(/# SKIP /, "- ")
		$0 = $0 " # SKIP " reason
		reason = "for no reason that was told"
	}
	{ print; fflush() }' >&4; } 3>&1)
exit "$status"
