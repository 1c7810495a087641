package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"
)

func main() {
	only := flag.String("only", "", "run the experiments whose names match this `regexp`")
	short := flag.Bool("short", false, "small sizes and times only, as the tests run it")
	write := flag.Bool("write", false, "write the tables into "+document+", "+rawData+" and the drawings beside them")
	flag.Parse()
	if err := run(*only, *short, *write); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func run(only string, short, write bool) error {
	if write && (short || only != "") {
		return errors.New("-write takes all experiments at their full size, or the files would not belong together")
	}
	which, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	l := lab{short: short}
	for _, e := range experiments() {
		if !which.MatchString(e.name) {
			continue
		}
		shown, began := len(l.tables), time.Now()
		e.run(&l)
		for _, t := range l.tables[shown:] {
			fmt.Fprintf(os.Stdout, "## %s\n\n%s\n", t.name, t.markdown())
		}
		fmt.Fprintf(os.Stderr, "%s: %.0f s\n", e.name, time.Since(began).Seconds())
	}
	if !write {
		return nil
	}
	return writeDocument(&l)
}
