# What src/daemon builds.
