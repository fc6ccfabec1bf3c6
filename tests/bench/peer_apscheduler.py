"""Adds jobs to an APScheduler 3 with its SQLite job store, one at a time: peer_apscheduler.py DB N."""
import datetime
import sys
import time

from apscheduler.schedulers.background import BackgroundScheduler


def main():
    path, count = sys.argv[1], int(sys.argv[2])
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_jobstore("sqlalchemy", url="sqlite:///" + path)
    scheduler.start(paused=True)
    due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    began = time.monotonic()
    for _ in range(count):
        scheduler.add_job("os:getpid", "date", run_date=due)
    print("per_second %.0f" % (count / (time.monotonic() - began)))
    scheduler.shutdown(wait=False)


main()
