# What src/control builds.
