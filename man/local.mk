# The manuals, in mdoc.
dist_man_MANS += man/asched.1 man/asched-protocol.7 man/asched-schedule.7 man/asched.conf.5 man/aschedd.8
