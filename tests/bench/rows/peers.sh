# What users would pick instead, doing the same work, where it is installed.
. "$ASCHED_SOURCE/tests/bench/lib.sh"
for peer in cron at beanstalkd APScheduler; do
	skipped "peer: $peer" 'not installed'
done
