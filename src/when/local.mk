# What src/when builds.
