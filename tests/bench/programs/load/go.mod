module allod.dev/tests/bench/programs/load

go 1.25.0
