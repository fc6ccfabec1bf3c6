# The manuals, in mdoc.
dist_man_MANS += man/asched.1
