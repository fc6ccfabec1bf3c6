# Calendar expressions are due when systemd says so (in UTC; about DST we differ on purpose).
. "${ASCHED_SOURCE:?}/tests/blackbox/lib.sh"
command -v systemd-analyze > /dev/null || skip_all 'systemd-analyze is not installed'
from='2026-11-20 12:34:56'

# What each says, as lines of DATE TIME in whole seconds.
ours() {
	asched next --tz UTC --from "$from" -n 4 --json --calendar "$1" |
		grep -o '[0-9-]*T[0-9:]*' | tr T ' '
}

theirs() {
	systemd-analyze calendar --base-time "$from UTC" --iterations 4 "$1" |
		grep -E 'Next elapse|Iter' | grep -oE '[0-9]{4}-[0-9-]+ [0-9:]+'
}

while read -r expression; do
	is "$expression" "$(theirs "$expression")" "$(ours "$expression")"
done << 'END'
Mon,Wed..Fri 10:00
Sat,Thu,Mon..Wed,Sat..Sun
Mon,Sun *-*-* 2,1:23
Wed *-1
*-02~03
Mon *-05~07/1
*-*~07/2
*-12~1..22/12
*-*~3..26/19 *:07:54/1
Sat *-12~15,17..25/5 16/2:22
*:0/15
0..5/2:00
*-*-1..31/10 00:00
2026/2-1..3,7-1
mon,fri *-1/2-1,3 *:30:45
12..14:10,20,30
05:40:23.42/3.17
*-*-* *:*:*
quarterly
semiannually
weekly UTC
2028-02-29
END
finish
