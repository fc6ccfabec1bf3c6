# What src/store builds.
