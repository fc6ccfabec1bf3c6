# What tests builds.
