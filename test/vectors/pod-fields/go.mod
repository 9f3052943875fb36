module meshgate.dev/test/vectors/pod-fields

go 1.24
