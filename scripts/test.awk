# Reads the output of "go test -v": prints each package's closing line and, of a
# package that failed, what it said. Writes skipped tests to the file in skips.
{ line[n++] = $0 }

/^=== (RUN|NAME|CONT) / { current = $3 }
/^ +[A-Za-z0-9_.-]+\.go:[0-9]+: / { said[current] = $0 }

/^ *--- SKIP: / {
	why = said[$3]
	sub(/^ +[^ ]+ /, "", why)
	skipped[$3] = why
}

/^(ok  |FAIL|\?   )\t/ {
	tell($1 == "FAIL")
	for (test in skipped)
		print $2 ": " test ": " skipped[test] >> skips
	delete skipped
	delete said
}

END { tell(1) }

# tell prints what the package said if all is wanted, else its last line only.
function tell(all,    i) {
	if (!all && n)
		print line[n - 1]
	for (i = 0; all && i < n; i++)
		if (line[i] !~ /^(=== | *--- PASS|PASS$)/)
			print line[i]
	n = 0
}
